'use strict';
// A wrapper for Node of the part of the C interface that this test needs. koffi is used in this file only.

const koffi = require('koffi');
const { promisify } = require('node:util');

const library = koffi.load(process.env.VECSINK_LIBRARY);

koffi.opaque('vecsink_sink');
koffi.opaque('vecsink_sink_builder');
koffi.opaque('vecsink_error');
koffi.struct('vecsink_span', { data: 'const void *', length: 'size_t' });
koffi.struct('vecsink_decimal', { high: 'int64', low: 'uint64' });
koffi.union('vecsink_value_as', { i64: 'int64', f64: 'double', span: 'vecsink_span', decimal: 'vecsink_decimal' });
koffi.struct('vecsink_value', { type: 'int32', extra: 'uint32', as: 'vecsink_value_as' });
koffi.struct('vecsink_column', {
  name: 'const char *', type: 'int32', unit: 'int32', scale: 'int32', offset_bits: 'int32',
  data: 'const void *', length: 'size_t', stride: 'size_t', dimension: 'size_t', offsets: 'const void *', bit_offset: 'size_t',
  validity: 'const void *', validity_offset: 'size_t', reserved: koffi.array('uint64', 2),
});
koffi.struct('vecsink_pushed', { first: 'uint64', last: 'uint64', rows: 'size_t', rejected: 'size_t' });
koffi.struct('vecsink_rejected', {
  sequence: 'uint64', stage: 'const char *', reason: 'const char *', column: 'const char *', sqlstate: 'const char *',
});
koffi.proto('void vecsink_durable_callback(void *user_data, uint64 durable)');
koffi.proto('void vecsink_rejected_callback(void *user_data, const vecsink_rejected *rejected)');

const I64 = 2, STR = 5, VECTOR_F32 = 12;
const COLUMN_I64 = 6, COLUMN_STR = 15, COLUMN_MATRIX_F32 = 22;
const NEXT = 0xffff_ffff_ffff_ffffn;

const codeName = library.func('const char *vecsink_code_name(int32 code)');
const errorMessage = library.func('const char *vecsink_error_message(vecsink_error *error)');
const errorColumn = library.func('const char *vecsink_error_column(vecsink_error *error)');
const errorFree = library.func('void vecsink_error_free(vecsink_error *error)');
const builderFree = library.func('void vecsink_sink_builder_free(vecsink_sink_builder *builder)');
const sinkFree = library.func('void vecsink_sink_free(vecsink_sink *sink)');

class VecsinkError extends Error {
  constructor(code, object) {
    super(`${codeName(code)}: ${errorMessage(object)}`);
    this.code = codeName(code);
    this.column = errorColumn(object);
    errorFree(object);
  }
}

/** A function that throws when it fails. Its `async` runs on a thread of Node's pool and returns a promise. */
function fallible(declaration) {
  const native = library.func(declaration.replace(')', ', _Out_ vecsink_error **error)'));
  const inBackground = promisify(native.async);
  const check = (code, [object]) => {
    if (code !== 0) {
      throw new VecsinkError(code, object);
    }
  };
  const call = (...values) => {
    const error = [null];
    check(native(...values, error), error);
  };
  call.async = async (...values) => {
    const error = [null];
    check(await inBackground(...values, error), error);
  };
  return call;
}

const builderNew = fallible('int vecsink_sink_builder_new(const char *url, const char *table, _Out_ vecsink_sink_builder **builder)');
const onDurable = fallible(
  'int vecsink_sink_builder_on_durable(vecsink_sink_builder *builder, vecsink_durable_callback *callback, void *user_data)');
const onRejected = fallible(
  'int vecsink_sink_builder_on_rejected(vecsink_sink_builder *builder, vecsink_rejected_callback *callback, void *user_data)');
const builderOpen = fallible('int vecsink_sink_builder_open(vecsink_sink_builder *builder, _Out_ vecsink_sink **sink)');
const push = fallible(
  'int vecsink_sink_push(vecsink_sink *sink, const vecsink_value *values, size_t count, uint64 sequence, int64 timeout_ms, ' +
  '_Out_ uint64 *out_sequence)');
const pushBatch = fallible(
  'int vecsink_sink_push_batch(vecsink_sink *sink, const vecsink_column *columns, size_t column_count, size_t rows, ' +
  'uint64 sequence, int64 timeout_ms, _Out_ vecsink_pushed *pushed)');
const waitDurable = fallible('int vecsink_sink_wait_durable(vecsink_sink *sink, uint64 sequence, int64 timeout_ms)');
const close = fallible('int vecsink_sink_close(vecsink_sink *sink, int64 deadline_ms, void *last_stats)');

const column = (type, values, more = {}) => ({
  name: null, type, unit: 0, scale: 0, offset_bits: 0, data: values, length: values.length, stride: 0, dimension: 0,
  offsets: null, bit_offset: 0, validity: null, validity_offset: 0, reserved: [0, 0], ...more,
});

/** Sinks that may still make callbacks. If a callback comes when Node has begun to end, koffi aborts the process. */
const open = new Set();
process.on('exit', () => open.forEach((sink) => sink.closeSync(5000)));

/** A sink with callbacks must be closed, and keeps the process alive until then, as a socket does. */
class Sink {
  #pointer;
  #callbacks = [];
  #alive;

  /** Callbacks come on a thread of the library, which waits until the event loop has run them. */
  static open(url, table, { durable, rejected } = {}) {
    const sink = new Sink();
    const builder = [null];
    builderNew(url, table, builder);
    try {
      if (durable) {
        onDurable(builder[0], sink.#registered((_, number) => durable(number), 'vecsink_durable_callback *'), null);
      }
      if (rejected) {
        const call = (_, row) => rejected(koffi.decode(row, 'vecsink_rejected'));
        onRejected(builder[0], sink.#registered(call, 'vecsink_rejected_callback *'), null);
      }
      const opened = [null];
      builderOpen(builder[0], opened);
      sink.#pointer = opened[0];
    } finally {
      builderFree(builder[0]);
    }
    if (sink.#callbacks.length > 0) {
      sink.#alive = setInterval(() => {}, 1 << 30);
      open.add(sink);
    }
    return sink;
  }

  #registered(call, type) {
    this.#callbacks.push(koffi.register(call, type));
    return this.#callbacks.at(-1);
  }

  #row({ id, name, embedding }) {
    const text = Buffer.from(name);
    return [
      { type: I64, extra: 0, as: { i64: id } },
      { type: STR, extra: 0, as: { span: { data: text, length: text.length } } },
      { type: VECTOR_F32, extra: 0, as: { span: { data: embedding, length: embedding.length } } },
    ];
  }

  push(row) {
    const sequence = [0];
    push(this.#pointer, this.#row(row), 3, NEXT, -1, sequence);
    return sequence[0];
  }

  async pushInBackground(row) {
    const sequence = [0];
    await push.async(this.#pointer, this.#row(row), 3, NEXT, -1, sequence);
    return sequence[0];
  }

  /** The columns are typed arrays, and texts that follow each other in memory without gaps. */
  pushBatch({ ids, names, offsets, embeddings }) {
    const columns = [
      column(COLUMN_I64, ids),
      column(COLUMN_STR, names, { offsets, offset_bits: 32 }),
      column(COLUMN_MATRIX_F32, embeddings, { dimension: embeddings.length / ids.length }),
    ];
    const pushed = {};
    pushBatch(this.#pointer, columns, 3, ids.length, NEXT, -1, pushed);
    return pushed.last;
  }

  async waitDurable(sequence, timeout) {
    await waitDurable.async(this.#pointer, sequence, timeout);
  }

  /** The event loop goes on, so that the last callbacks can be made. */
  async close(deadline) {
    try {
      await close.async(this.#pointer, deadline, null);
    } finally {
      this.#closed();
    }
  }

  /** A callback that has begun can't be run meanwhile, so this may take until the deadline. It is the last one. */
  closeSync(deadline) {
    try {
      close(this.#pointer, deadline, null);
    } finally {
      this.#closed();
    }
  }

  #closed() {
    clearInterval(this.#alive);
    open.delete(this);
  }

  free() {
    sinkFree(this.#pointer);
    this.#callbacks.forEach(koffi.unregister);
  }
}

module.exports = { Sink, VecsinkError };
