'use strict';
// The page: checks an operator, shows what a push does, pushes it, and lists releases; zipping.js zips folders, catalog.js shows
// the catalog, start.js connects all of it with the page. Foreign text is only ever set as
// text, never as HTML.

// The service is where the page is, also where that is below a path, whatever slashes are at its end: two of them at the start
// would name a host.
const BASE = location.pathname.replace(/\/*$/, '/').replace(/^\/+/, '/');
const at = id => document.getElementById(id);
let zip = null; // the file that was chosen
let tried = null; // the request whose dry run succeeded: only that one can be pushed
let round = 0; // counts what is entered: an answer to what was entered before is late

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// The answer as {status, body}; status 0 when the service could not be reached.
async function ask(path, options = {}) {
  try {
    const response = await fetch(BASE + path, {cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer', ...options});
    return {status: response.status, body: await response.json()};
  } catch (problem) {
    return {status: 0, body: {message: `No answer: ${problem.message}`}};
  }
}

async function showAbout() {
  const {status, body} = await ask('v2/about');
  at('about').textContent = status === 200 ? `Version ${body.version}` : body.message;
}

async function showHealth() {
  const {body} = await ask('v2/health/ping');
  if (!body.services) { at('health').textContent = body.message; return; }
  const line = at('health');
  line.textContent = 'Services: ';
  for (const [name, service] of Object.entries(body.services)) {
    if (service) line.append(element('span', `${name} ${service.ok ? 'works' : service.details}`, service.ok ? 'good' : 'bad'), ' ');
  }
}

function choose(file, note = '') {
  zip = file;
  forget();
  at('chosen').textContent = file ? `${file.name}, ${file.size} bytes${note}` : '';
}

// A dry run counts only for the file, organization, version and token that it was made with.
function forget() {
  round += 1;
  tried = null;
  at('push').disabled = true;
}

// Reports what is missing, at the field that it is missing in.
function required(...names) {
  for (const name of names) {
    const field = at(name);
    if (name === 'file' ? zip : field.value.trim()) continue;
    field.focus();
    return `Fill in: ${field.labels[0].firstChild.textContent.trim()}`;
  }
  return null;
}

function showProblem(place, text) {
  place.replaceChildren(element('p', text, 'bad'));
}

function form(file) {
  const data = new FormData();
  data.append('file', file, 'manifests.zip');
  return data;
}

const SEVERITIES = ['refused', 'error', 'warning', 'hint'];

function finding(found) {
  const box = element('div', undefined, `finding ${found.severity}`);
  const where = [found.line && `line ${found.line}`, found.column && `column ${found.column}`, found.field].filter(Boolean).join(', ');
  box.append(element('p', `${found.severity}${where ? ` at ${where}` : ''}`, 'quiet'), element('p', found.message));
  if (found.found) box.append(element('p', `Found: ${found.found}`, 'quiet'));
  if (found.advice) box.append(element('p', `What to do: ${found.advice}`));
  return box;
}

// The findings by file, the most severe first.
function findings(info) {
  const list = element('div');
  const byFile = new Map();
  for (const found of info.findings || []) {
    const file = found.file || 'The zip as a whole';
    byFile.set(file, [...(byFile.get(file) || []), found]);
  }
  for (const [file, all] of byFile) {
    list.append(element('h3', file));
    all.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || (a.line || 0) - (b.line || 0));
    list.append(...all.map(finding));
  }
  return list;
}

function diff(change) {
  const box = element('details');
  box.open = true;
  box.append(element('summary', change.file));
  const text = element('pre');
  for (const line of (change.diff || '').split('\n')) {
    const kind = line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'quiet';
    text.append(element('span', `${line}\n`, kind));
  }
  box.append(text);
  return box;
}

function bundles(all) {
  const table = element('table');
  const head = table.createTHead().insertRow();
  for (const title of ['Bundle', 'Channels', 'Digest']) {
    const cell = element('th', title);
    cell.scope = 'col';
    head.append(cell);
  }
  for (const bundle of all) {
    const row = table.insertRow();
    row.append(element('td', bundle.name), element('td', bundle.channels.join(', ')), element('td', bundle.digest, 'path'));
  }
  return table;
}

// What every answer to a push or a check may contain.
function details(body) {
  const parts = [];
  for (const warning of body.warnings || []) parts.push(element('p', warning, 'warn'));
  if (body.validation_info) parts.push(findings(body.validation_info));
  if (body.bundles) parts.push(bundles(body.bundles));
  if (body.changes && body.changes.length) parts.push(element('h3', 'What the rules of the organization change'), ...body.changes.map(diff));
  if (body.request_id) parts.push(element('p', `Request ${body.request_id}`, 'quiet'));
  return parts;
}

async function check() {
  const place = at('report');
  const missing = required('organization', 'file');
  if (missing) return showProblem(place, missing);
  place.replaceChildren(element('p', 'Checking…', 'quiet'));
  const file = zip;
  const {status, body} = await ask(`v2/${encodeURIComponent(at('organization').value.trim())}/validate`, {method: 'POST', body: form(file)});
  if (file !== zip) return place.replaceChildren();
  const isValid = status === 200 && body.valid;
  const verdict = isValid ? `Valid: ${body.repo} can be pushed.` : body.message;
  place.replaceChildren(element('p', verdict, isValid ? 'good' : 'bad'), ...details(body));
  if (body.repo) at('repo').value = body.repo;
}

function pushPath() {
  const version = at('version').value.trim();
  const organization = encodeURIComponent(at('organization').value.trim());
  return `v2/${organization}/zipfile${version ? `/${encodeURIComponent(version)}` : ''}`;
}

async function tryPush() {
  const place = at('pushed');
  const missing = required('organization', 'file', 'token');
  if (missing) return showProblem(place, missing);
  forget();
  const mine = round;
  const request = {path: pushPath(), token: at('token').value.trim(), zip, key: key()};
  const waiting = element('p', 'Asking…', 'quiet');
  place.replaceChildren(waiting);
  const {status, body} = await ask(`${request.path}?dry_run=true`, {method: 'POST', body: form(request.zip), headers: {Authorization: request.token}});
  if (mine !== round) {
    waiting.textContent = 'Something else was entered meanwhile; ask again.';
    return;
  }
  if (status !== 200) return place.replaceChildren(element('p', body.message, 'bad'), ...details(body));
  tried = request;
  at('push').disabled = false;
  place.replaceChildren(element('p', `A push makes ${body.repo} ${body.version}. Nothing is pushed yet.`, 'good'), ...details(body));
}

// One key for one push: a second click, or a repetition after a lost answer, makes no second release.
function key() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}

async function push() {
  if (!tried) return;
  const place = at('pushed'), request = tried;
  at('push').disabled = true;
  place.replaceChildren(element('p', 'Pushing…', 'quiet'));
  const headers = {Authorization: request.token, 'Idempotency-Key': request.key};
  const {status, body} = await ask(request.path, {method: 'POST', body: form(request.zip), headers});
  // What became of a push is always shown; it can be repeated as long as nothing else was entered.
  if (status === 200) {
    if (tried === request) tried = null;
    place.replaceChildren(element('p', `Pushed: ${body.repo} ${body.version}`, 'good'), ...details(body));
    at('repo').value = body.repo;
  } else {
    at('push').disabled = tried !== request;
    place.replaceChildren(element('p', body.message, 'bad'), ...details(body));
  }
}

function tableOf(...titles) {
  const table = element('table');
  const head = table.createTHead().insertRow();
  for (const title of titles) {
    const cell = element('th', title);
    cell.scope = 'col';
    head.append(cell);
  }
  return table;
}

async function list() {
  const place = at('releases');
  const missing = required('organization', 'repo', 'token');
  if (missing) return showProblem(place, missing);
  const [organization, repo] = ['organization', 'repo'].map(name => encodeURIComponent(at(name).value.trim()));
  const {status, body} = await ask(`v2/${organization}/${repo}/releases`, {headers: {Authorization: at('token').value.trim()}});
  if (status !== 200) return showProblem(place, body.message);
  if (!body.releases.length) return place.replaceChildren(element('p', 'There is no release.', 'quiet'));
  const table = tableOf('Version', 'Digest', 'Pushed');
  for (const release of body.releases) {
    table.insertRow().append(element('td', release.version), element('td', release.digest || '', 'path'), element('td', release.pushed_at || ''));
  }
  place.replaceChildren(table);
}

async function dropped(event) {
  event.preventDefault();
  at('drop').classList.remove('over');
  const entry = event.dataTransfer.items[0]?.webkitGetAsEntry?.();
  if (!entry?.isDirectory) return choose(event.dataTransfer.files[0] || null);
  const prefix = `${entry.name}/`.length;
  const files = (await filesIn(entry)).map(([path, bytes]) => [path.slice(prefix), bytes]);
  choose(new File([zipped(files)], `${entry.name}.zip`), `, ${files.length} files of the folder`);
}
