// The organization's catalog: its packages, and the upgrade graph of one of them.

const ROW = 30, LEFT = 130; // of a graph, in pixels: the height of a bundle's row, and the room for edges

function drawn(name, attributes, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

async function showCatalog() {
  const place = at('packages');
  const missing = required('organization', 'token');
  if (missing) return showProblem(place, missing);
  const organization = encodeURIComponent(at('organization').value.trim());
  const headers = {Authorization: at('token').value.trim()};
  const {status, body} = await ask(`v2/${organization}/catalog`, {headers});
  if (status !== 200) return showProblem(place, body.message);
  const made = [element('p', body.image, 'path')];
  if (!body.packages.length) made.push(element('p', 'The catalog has no package.', 'quiet'));
  for (const work of body.pending) {
    made.push(element('p', `Pending: ${work.action} ${work.repo} ${work.version}. ${work.reason || ''}`, 'warn'));
  }
  for (const {package: name, channels} of body.packages) {
    const details = element('details');
    const heads = channels.map(channel => `${channel.name}: ${channel.head || 'no single head'}`);
    details.append(element('summary', `${name} (${heads.join(', ')})`));
    details.addEventListener('toggle', () => showPackage(details, `v2/${organization}/catalog/${encodeURIComponent(name)}`, headers), {once: true});
    made.push(details);
  }
  place.replaceChildren(...made);
}

// The package whole, one object a line; its channels as graphs.
async function showPackage(details, path, headers) {
  const place = element('div');
  details.append(place);
  try {
    const response = await fetch(BASE + path, {cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer', headers});
    const text = await response.text();
    if (!response.ok) return showProblem(place, JSON.parse(text).message);
    const objects = text.split('\n').filter(Boolean).map(line => JSON.parse(line));
    for (const channel of objects.filter(object => object.schema === 'olm.channel')) {
      place.append(element('h3', `Channel ${channel.name}`), graph(channel), inWords(channel));
    }
  } catch (problem) {
    showProblem(place, `No answer: ${problem.message}`);
  }
}

// A bundle a row, the oldest at the top; an edge leads from a bundle to what replaces it, a dashed one to what skips it.
function graph({name, entries}) {
  const rows = new Map(entries.map((entry, row) => [entry.name, row]));
  const y = row => row * ROW + ROW / 2;
  const svg = drawn('svg', {role: 'img', 'aria-label': `Upgrade graph of the channel ${name}; the table below says the same`,
    viewBox: `0 0 640 ${entries.length * ROW}`, class: 'graph'});
  for (const [row, entry] of entries.entries()) {
    const edges = [[entry.replaces, 'edge'], ...(entry.skips || []).map(skipped => [skipped, 'edge skipped'])];
    for (const [from, className] of edges) {
      if (!rows.has(from)) continue;
      const out = LEFT - Math.min(LEFT - 8, 26 + 16 * Math.abs(row - rows.get(from)));
      svg.append(drawn('path', {class: className, d: `M${LEFT},${y(rows.get(from))} C${out},${y(rows.get(from))} ${out},${y(row)} ${LEFT - 4},${y(row)}`}));
    }
    svg.append(drawn('circle', {cx: LEFT, cy: y(row), r: 4}), drawn('text', {x: LEFT + 14, y: y(row) + 5}, entry.name));
  }
  return svg;
}

function inWords({entries}) {
  const table = tableOf('Bundle', 'Replaces', 'Skips', 'Range');
  for (const entry of entries) {
    table.insertRow().append(element('td', entry.name, 'path'), element('td', entry.replaces || '', 'path'),
      element('td', (entry.skips || []).join(', '), 'path'), element('td', entry.skipRange || '', 'path'));
  }
  return table;
}
