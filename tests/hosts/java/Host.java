import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Pushes from a pool of threads, and leaves sinks to the garbage collector and to the end of the process: Host URL TABLE.
 * The table: id bigint PRIMARY KEY, name text CHECK (name <> 'refused'), embedding vector(3).
 */
final class Host {
    private static final int THREADS = 8, TASKS = 16, ROWS_A_TASK = 250, BATCH = 100;

    private Host() {}

    private static float[] embedding(long id) {
        return new float[] {id, 0.5f, -1};
    }

    private static void pushRow(Sink sink, long id) {
        sink.push(id, "row " + id, embedding(id));
    }

    private static void pushFromAPool(Sink sink) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        List<Future<?>> tasks = new ArrayList<>();
        for (int task = 0; task < TASKS; task++) {
            long first = (long) task * ROWS_A_TASK;
            tasks.add(pool.submit(() -> {
                for (long id = first; id < first + ROWS_A_TASK; id++) {
                    pushRow(sink, id);
                }
            }));
        }
        for (Future<?> task : tasks) {
            task.get();
        }
        pool.shutdown();
    }

    /** Pushes one batch. One of its rows can't be stored. */
    private static long pushBatch(Sink sink, long first) {
        long[] ids = new long[BATCH];
        StringBuilder names = new StringBuilder();
        int[] offsets = new int[BATCH + 1];
        float[] embeddings = new float[BATCH * 3];
        for (int at = 0; at < BATCH; at++) {
            ids[at] = first + at;
            names.append("row ").append(ids[at]);
            offsets[at + 1] = names.length();
            System.arraycopy(embedding(ids[at]), 0, embeddings, at * 3, 3);
        }
        embeddings[0] = Float.NaN;
        return sink.pushBatch(ids, names.toString().getBytes(StandardCharsets.UTF_8), offsets, embeddings);
    }

    private static void report(BlockingQueue<String> rejected) throws InterruptedException {
        String row = rejected.poll(20, TimeUnit.SECONDS);
        check(row != null, "the callback was not called for a rejected row");
        System.out.println(row);
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new IllegalStateException(message);
        }
    }

    private static void leaveToTheCollector(String url, String table) throws InterruptedException {
        int before = Sink.stillOpen();
        pushRow(new Sink(url, table, null, null), 100_000);
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20); Sink.stillOpen() > before;) {
            check(System.nanoTime() < end, "a sink that is garbage is not freed");
            System.gc();
            Thread.sleep(10);
        }
    }

    public static void main(String[] arguments) throws Exception {
        String url = arguments[0], table = arguments[1];
        AtomicLong durable = new AtomicLong();
        AtomicLong rejections = new AtomicLong();
        BlockingQueue<String> rejected = new LinkedBlockingQueue<>();
        AtomicReference<Sink> shared = new AtomicReference<>();
        Vecsink.OnRejected pushInstead = (userData, row) -> {
            // A callback may push.
            shared.get().push(-rejections.incrementAndGet(), "instead of " + row.stage, embedding(0));
            String column = row.column == null ? "-" : row.column;
            rejected.add("rejected " + row.sequence + " " + row.stage + " " + column + " " + row.sqlstate);
        };
        try (Sink sink = new Sink(url, table, (userData, number) -> durable.set(number), pushInstead)) {
            shared.set(sink);
            pushFromAPool(sink);
            sink.waitDurable(pushBatch(sink, TASKS * ROWS_A_TASK), 20_000);
            report(rejected);
            try {
                sink.push(1, "row 1", 1, 2);
                check(false, "a vector of two elements was accepted for vector(3)");
            } catch (Sink.Failure failure) {
                check(failure.code.equals("VECSINK_REJECTED") && failure.column.equals("embedding"), failure.toString());
            }
            // The sink accepts this row; the database refuses it.
            sink.push(99_999, "refused", embedding(0));
            report(rejected);
        }
        System.out.println("durable " + durable);

        leaveToTheCollector(url, table);

        // The program ends with an open sink, whose last callbacks come while the virtual machine ends.
        shared.set(new Sink(url, table, (userData, number) -> durable.set(number), (userData, row) -> {}));
        for (long id = 100_001; id <= 100_100; id++) {
            pushRow(shared.get(), id);
        }
    }
}
