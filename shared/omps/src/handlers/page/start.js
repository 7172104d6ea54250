// What the fields and buttons do.

at('file').addEventListener('change', event => choose(event.target.files[0] || null));
at('drop').addEventListener('dragover', event => { event.preventDefault(); at('drop').classList.add('over'); });
at('drop').addEventListener('dragleave', () => at('drop').classList.remove('over'));
at('drop').addEventListener('drop', dropped);
for (const name of ['organization', 'token', 'version']) at(name).addEventListener('input', forget);
at('check').addEventListener('click', check);
at('try').addEventListener('click', tryPush);
at('push').addEventListener('click', push);
at('list').addEventListener('click', list);
at('catalog').addEventListener('click', showCatalog);
document.querySelector('header a').href = `${BASE}docs`;
showAbout();
showHealth();
