'use strict';
// Renders the OpenAPI document of the service. Text of the document is only ever set as text, never as HTML.

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// A text in which what stands between backticks is code.
function described(name, text) {
  const made = element(name);
  text.split('`').forEach((part, index) => made.append(index % 2 ? element('code', part) : part));
  return made;
}

let api; // the document

function resolved(value) {
  if (!value || !value.$ref) return value || {};
  return value.$ref.split('/').slice(1).reduce((place, key) => place[key.replaceAll('~1', '/').replaceAll('~0', '~')], api);
}

function table(titles, rows) {
  const made = element('table');
  const head = made.createTHead().insertRow();
  for (const title of titles) {
    const cell = element('th', title);
    cell.scope = 'col';
    head.append(cell);
  }
  for (const row of rows) {
    const line = made.insertRow();
    row.forEach((text, index) => line.append(index ? described('td', text) : element('td', text, 'path')));
  }
  return made;
}

// A schema's type in a few words.
function kind(schema) {
  const name = schema.$ref && schema.$ref.split('/').pop();
  if (name) return name;
  if (schema.anyOf || schema.oneOf) return (schema.anyOf || schema.oneOf).map(kind).join(' or ');
  if (schema.items) return `list of ${kind(schema.items)}`;
  return schema.enum ? schema.enum.join(', ') : [schema.type].flat().filter(Boolean).join(' or ') || 'any value';
}

function properties(schema) {
  const whole = resolved(schema);
  const needed = whole.required || [];
  return table(['Field', 'Type', 'Meaning'], Object.entries(whole.properties || {}).map(([name, field]) =>
    [name, kind(field) + (needed.includes(name) ? '' : ', optional'), field.description || '']));
}

function content(title, value) {
  const parts = [];
  for (const [type, media] of Object.entries(value.content || {})) {
    parts.push(element('p', `${title}: ${type}${media.schema && media.schema.$ref ? `, ${kind(media.schema)}` : ''}`, 'quiet'));
    if (media.example !== undefined) parts.push(element('pre', typeof media.example === 'string' ? media.example : JSON.stringify(media.example, null, 2)));
  }
  return parts;
}

function operation(method, path, about) {
  const box = element('details');
  const title = element('summary');
  title.append(element('code', `${method.toUpperCase()} ${path}`), ` ${about.summary || ''}`);
  box.append(title);
  if (about.description) box.append(described('p', about.description));
  if (about.deprecated) box.append(element('p', 'Deprecated', 'warn'));
  const parameters = (about.parameters || []).map(resolved);
  if (parameters.length) {
    box.append(table(['Parameter', 'In', 'Meaning'], parameters.map(one => [one.name, one.in + (one.required ? '' : ', optional'), one.description || ''])));
  }
  if (about.requestBody) box.append(...content('Body', resolved(about.requestBody)));
  for (const [status, response] of Object.entries(about.responses)) {
    const whole = resolved(response);
    box.append(element('h3', status), described('p', whole.description), ...content('Answer', whole));
  }
  return box;
}

function show() {
  const place = document.getElementById('paths');
  document.getElementById('introduction').textContent = api.info.description;
  const groups = new Map(api.tags.map(tag => [tag.name, [tag.description, []]]));
  const isOld = ([path]) => path.startsWith('/v1/');
  const paths = Object.entries(api.paths);
  for (const [path, methods] of [...paths.filter(entry => !isOld(entry)), ...paths.filter(isOld)]) {
    for (const [method, about] of Object.entries(methods)) groups.get(about.tags[0])[1].push(operation(method, path, about));
  }
  for (const [name, [description, operations]] of groups) {
    place.append(element('h2', name), element('p', description, 'quiet'), ...operations);
  }
  place.append(element('h2', 'Bodies'));
  for (const name of Object.keys(api.components.schemas)) {
    const box = element('details');
    box.append(element('summary', name), element('p', api.components.schemas[name].description || ''), properties({$ref: `#/components/schemas/${name}`}));
    place.append(box);
  }
}

fetch('v2/openapi.json', {credentials: 'omit'})
  .then(response => response.json())
  .then(document => { api = document; show(); })
  .catch(problem => { document.getElementById('introduction').textContent = `The document cannot be read: ${problem.message}`; });
