import com.sun.jna.CallbackThreadInitializer;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** An open table, for any number of threads. A sink that is never closed is freed when it is garbage, or when the process ends. */
final class Sink implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();
    private static final Set<Handle> OPEN = ConcurrentHashMap.newKeySet();

    static {
        // Cleaners don't run at the end of the process.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> OPEN.forEach(Handle::run)));
    }

    private final Handle handle;
    private final Cleaner.Cleanable cleanable;

    /** The part of a sink that must be freed, once. It keeps the callbacks alive, and must never refer to the sink. */
    private record Handle(Pointer pointer, Vecsink.OnDurable onDurable, Vecsink.OnRejected onRejected) implements Runnable {
        @Override
        public void run() {
            if (OPEN.remove(this)) {
                Vecsink.LIBRARY.vecsink_sink_free(pointer);
            }
        }
    }

    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1;
        final String code, column;

        Failure(int code, Pointer error) {
            super(Vecsink.LIBRARY.vecsink_code_name(code) + ": " + Vecsink.LIBRARY.vecsink_error_message(error));
            this.code = Vecsink.LIBRARY.vecsink_code_name(code);
            this.column = Vecsink.LIBRARY.vecsink_error_column(error);
            Vecsink.LIBRARY.vecsink_error_free(error);
        }
    }

    private interface Call {
        int make(PointerByReference error);
    }

    private static void check(Call call) {
        PointerByReference error = new PointerByReference();
        int code = call.make(error);
        if (code != Vecsink.OK) {
            throw new Failure(code, error.getValue());
        }
    }

    /** Opens a sink for all columns; callbacks may be null. They must not refer to a sink that is to be freed as garbage. */
    Sink(String url, String table, Vecsink.OnDurable onDurable, Vecsink.OnRejected onRejected) {
        PointerByReference builder = new PointerByReference();
        PointerByReference sink = new PointerByReference();
        check(error -> Vecsink.LIBRARY.vecsink_sink_builder_new(url, table, builder, error));
        try {
            // The library's thread is attached to the virtual machine once, and not for each call.
            CallbackThreadInitializer once = new CallbackThreadInitializer(true, false, "vecsink callbacks");
            if (onDurable != null) {
                Native.setCallbackThreadInitializer(onDurable, once);
                check(error -> Vecsink.LIBRARY.vecsink_sink_builder_on_durable(builder.getValue(), onDurable, null, error));
            }
            if (onRejected != null) {
                Native.setCallbackThreadInitializer(onRejected, once);
                check(error -> Vecsink.LIBRARY.vecsink_sink_builder_on_rejected(builder.getValue(), onRejected, null, error));
            }
            check(error -> Vecsink.LIBRARY.vecsink_sink_builder_open(builder.getValue(), sink, error));
        } finally {
            Vecsink.LIBRARY.vecsink_sink_builder_free(builder.getValue());
        }
        handle = new Handle(sink.getValue(), onDurable, onRejected);
        OPEN.add(handle);
        cleanable = CLEANER.register(this, handle);
    }

    /** Pushes a row, and returns its number. */
    long push(long id, String name, float... embedding) {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        try (Memory names = new Memory(text.length); Memory numbers = new Memory(embedding.length * 4L)) {
            names.write(0, text, 0, text.length);
            numbers.write(0, embedding, 0, embedding.length);
            Vecsink.Value[] row = (Vecsink.Value[]) new Vecsink.Value().toArray(3);
            row[0].set(id);
            row[1].set(Vecsink.STR, names, text.length);
            row[2].set(Vecsink.VECTOR_F32, numbers, embedding.length);
            LongByReference sequence = new LongByReference();
            check(error -> Vecsink.LIBRARY.vecsink_sink_push(handle.pointer, row, 3, Vecsink.NEXT, -1, sequence, error));
            return sequence.getValue();
        } finally {
            // The sink must not become garbage while the call uses it.
            Reference.reachabilityFence(this);
        }
    }

    /** Pushes rows that are given as columns. Texts and vectors follow each other in memory without gaps. Returns the last row's number. */
    long pushBatch(long[] ids, byte[] names, int[] offsets, float[] embeddings) {
        Vecsink.Column[] columns = (Vecsink.Column[]) new Vecsink.Column().toArray(3);
        try (Memory idData = new Memory(ids.length * 8L); Memory nameData = new Memory(names.length);
                Memory offsetData = new Memory(offsets.length * 4L); Memory vectorData = new Memory(embeddings.length * 4L)) {
            idData.write(0, ids, 0, ids.length);
            nameData.write(0, names, 0, names.length);
            offsetData.write(0, offsets, 0, offsets.length);
            vectorData.write(0, embeddings, 0, embeddings.length);
            columns[0].type = Vecsink.COLUMN_I64;
            columns[0].data = idData;
            columns[0].length = ids.length;
            columns[1].type = Vecsink.COLUMN_STR;
            columns[1].data = nameData;
            columns[1].length = names.length;
            columns[1].offsets = offsetData;
            columns[1].offsetBits = 32;
            columns[2].type = Vecsink.COLUMN_MATRIX_F32;
            columns[2].data = vectorData;
            columns[2].length = embeddings.length;
            columns[2].dimension = embeddings.length / ids.length;
            Vecsink.Pushed pushed = new Vecsink.Pushed();
            check(error -> Vecsink.LIBRARY.vecsink_sink_push_batch(handle.pointer, columns, 3, ids.length, Vecsink.NEXT, -1, pushed,
                    error));
            return pushed.last;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    void waitDurable(long sequence, long milliseconds) {
        try {
            check(error -> Vecsink.LIBRARY.vecsink_sink_wait_durable(handle.pointer, sequence, milliseconds, error));
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Writes what was pushed, makes the last callbacks and frees the sink: no other thread may be in a call. */
    @Override
    public void close() {
        try {
            check(error -> Vecsink.LIBRARY.vecsink_sink_close(handle.pointer, 20_000, null, error));
        } finally {
            cleanable.clean();
        }
    }

    static int stillOpen() {
        return OPEN.size();
    }
}
