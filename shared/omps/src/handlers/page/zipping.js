// A folder that is dropped becomes a zip, stored and not compressed.

async function filesIn(entry, path = '') {
  if (entry.isFile) return [[path + entry.name, new Uint8Array(await (await new Promise((done, fail) => entry.file(done, fail))).arrayBuffer())]];
  const reader = entry.createReader();
  const all = [];
  // readEntries gives at most 100 at a time.
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) break;
    for (const inner of some) all.push(...await filesIn(inner, `${path}${entry.name}/`));
  }
  return all;
}

const CRC = Uint32Array.from({length: 256}, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte;
});

function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = CRC[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return ~sum >>> 0;
}

// The fields that both headers of an entry share, from "version needed" to the length of the extra field.
function shared(name, bytes) {
  const fields = new DataView(new ArrayBuffer(26));
  fields.setUint16(0, 20, true);
  fields.setUint16(2, 0x800, true); // the name is UTF-8
  fields.setUint16(8, 0x21, true); // 1980-01-01
  fields.setUint32(10, crc32(bytes), true);
  fields.setUint32(14, bytes.length, true);
  fields.setUint32(18, bytes.length, true);
  fields.setUint16(22, name.length, true);
  return fields;
}

function zipped(files) {
  const parts = [], directory = [];
  let offset = 0, directorySize = 0;
  for (const [path, bytes] of files) {
    const name = new TextEncoder().encode(path), fields = shared(name, bytes);
    parts.push(Uint8Array.of(0x50, 0x4b, 3, 4), fields, name, bytes);
    const rest = new DataView(new ArrayBuffer(14));
    rest.setUint32(10, offset, true);
    directory.push(Uint8Array.of(0x50, 0x4b, 1, 2, 20, 0), fields, rest, name);
    offset += 30 + name.length + bytes.length;
    directorySize += 46 + name.length;
  }
  const end = new DataView(new ArrayBuffer(18));
  end.setUint16(4, files.length, true);
  end.setUint16(6, files.length, true);
  end.setUint32(8, directorySize, true);
  end.setUint32(12, offset, true);
  return new Blob([...parts, ...directory, Uint8Array.of(0x50, 0x4b, 5, 6), end], {type: 'application/zip'});
}
