'use strict';
// A Node program that pushes from its own thread and from those of Node's pool: host.js URL TABLE.
// The table: id bigint PRIMARY KEY, name text CHECK (name <> 'refused'), embedding vector(3).

const assert = require('node:assert');
const { once, EventEmitter } = require('node:events');
const { Sink, VecsinkError } = require('./vecsink.js');

const IN_TURN = 2000, SIDE_BY_SIDE = 2000, AT_ONCE = 100, BATCH = 100;
const [url, table] = process.argv.slice(2);

const embedding = (id) => Float32Array.of(id, 0.5, -1);
const row = (id) => ({ id, name: `row ${id}`, embedding: embedding(id) });
const range = (first, count) => Array.from({ length: count }, (_, at) => first + at);

/** Pushes one batch. One of its rows can't be stored. */
function pushBatch(sink, first) {
  const ids = range(first, BATCH);
  const names = ids.map((id) => Buffer.from(`row ${id}`));
  const offsets = new Int32Array(BATCH + 1);
  names.forEach((name, at) => { offsets[at + 1] = offsets[at] + name.length; });
  const embeddings = Float32Array.from(ids.flatMap((id) => [...embedding(id)]));
  embeddings[0] = NaN;
  return sink.pushBatch({ ids: BigInt64Array.from(ids, BigInt), names: Buffer.concat(names), offsets, embeddings });
}

async function main() {
  const told = new EventEmitter();
  let durable = 0, rejections = 0;
  const sink = Sink.open(url, table, {
    durable: (number) => { durable = number; },
    rejected: ({ sequence, stage, column, sqlstate }) => {
      rejections += 1;
      // A callback may push.
      sink.push({ id: -rejections, name: `instead of ${stage}`, embedding: embedding(0) });
      told.emit('rejected', `rejected ${sequence} ${stage} ${column ?? '-'} ${sqlstate}`);
    },
  });

  range(0, IN_TURN).forEach((id) => sink.push(row(id)));
  for (let first = IN_TURN; first < IN_TURN + SIDE_BY_SIDE; first += AT_ONCE) {
    await Promise.all(range(first, AT_ONCE).map((id) => sink.pushInBackground(row(id))));
  }
  const encoded = once(told, 'rejected', { signal: AbortSignal.timeout(120_000) });
  await sink.waitDurable(pushBatch(sink, IN_TURN + SIDE_BY_SIDE), 120_000);
  console.log((await encoded)[0]);
  assert.throws(() => sink.push({ ...row(1), embedding: Float32Array.of(1, 2) }),
    (error) => error instanceof VecsinkError && error.code === 'VECSINK_REJECTED' && error.column === 'embedding');
  // The sink accepts this row; the database refuses it.
  const refused = once(told, 'rejected', { signal: AbortSignal.timeout(120_000) });
  sink.push({ ...row(99_999), name: 'refused' });
  console.log((await refused)[0]);
  await sink.close(120_000);
  console.log(`durable ${durable}`);
  sink.free();

  // A close that blocks the event loop waits for the callback, and the callback waits for the event loop: so it lasts until the deadline.
  const blocked = Sink.open(url, table, { durable: () => {} });
  blocked.push(row(100_000));
  const begun = process.hrtime.bigint();
  blocked.closeSync(3000);
  const milliseconds = Number(process.hrtime.bigint() - begun) / 1e6;
  assert.ok(milliseconds < 10_000, `close took ${milliseconds} ms`);

  // The program may just end, with a sink that nobody has freed ...
  const quiet = Sink.open(url, table);
  await quiet.waitDurable(quiet.push(row(100_001)), 120_000);
  // ... or closed.
  const open = Sink.open(url, table, { durable: () => {}, rejected: () => {} });
  range(100_002, BATCH).forEach((id) => open.push(row(id)));
  open.push({ ...row(99_999), name: 'refused' });
  process.exit();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
