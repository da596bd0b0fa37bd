import com.sun.jna.Callback;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import com.sun.jna.Union;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;

/** The part of the C interface that this test needs, as JNA maps it. */
interface Vecsink extends Library {
    Vecsink LIBRARY = Native.load(System.getProperty("vecsink.library"), Vecsink.class);

    int OK = 0;
    long NEXT = -1;
    int I64 = 2, STR = 5, VECTOR_F32 = 12;
    int COLUMN_I64 = 6, COLUMN_STR = 15, COLUMN_MATRIX_F32 = 22;

    String vecsink_code_name(int code);

    String vecsink_error_message(Pointer error);

    String vecsink_error_column(Pointer error);

    void vecsink_error_free(Pointer error);

    int vecsink_sink_builder_new(String url, String table, PointerByReference builder, PointerByReference error);

    int vecsink_sink_builder_on_durable(Pointer builder, OnDurable call, Pointer userData, PointerByReference error);

    int vecsink_sink_builder_on_rejected(Pointer builder, OnRejected call, Pointer userData, PointerByReference error);

    int vecsink_sink_builder_open(Pointer builder, PointerByReference sink, PointerByReference error);

    void vecsink_sink_builder_free(Pointer builder);

    int vecsink_sink_push(Pointer sink, Value[] values, long count, long sequence, long timeout, LongByReference pushed,
            PointerByReference error);

    int vecsink_sink_push_batch(Pointer sink, Column[] columns, long columnCount, long rows, long sequence, long timeout,
            Pushed pushed, PointerByReference error);

    int vecsink_sink_wait_durable(Pointer sink, long sequence, long timeout, PointerByReference error);

    int vecsink_sink_close(Pointer sink, long deadline, Pointer stats, PointerByReference error);

    void vecsink_sink_free(Pointer sink);

    interface OnDurable extends Callback {
        void invoke(Pointer userData, long durable);
    }

    interface OnRejected extends Callback {
        void invoke(Pointer userData, Rejected rejected);
    }

    @FieldOrder({"sequence", "stage", "reason", "column", "sqlstate"})
    class Rejected extends Structure implements Structure.ByReference {
        public long sequence;
        public String stage, reason, column, sqlstate;
    }

    @FieldOrder({"data", "length"})
    class Span extends Structure {
        public Pointer data;
        public long length;
    }

    @FieldOrder({"high", "low"})
    class Decimal extends Structure {
        public long high, low;
    }

    class Content extends Union {
        public long i64;
        public double f64;
        public Span span;
        public Decimal decimal;
    }

    @FieldOrder({"type", "extra", "as"})
    class Value extends Structure {
        public int type, extra;
        public Content as;

        void set(long number) {
            type = I64;
            as.setType(long.class);
            as.i64 = number;
        }

        void set(int spanType, Pointer data, long length) {
            type = spanType;
            as.setType(Span.class);
            as.span.data = data;
            as.span.length = length;
        }
    }

    @FieldOrder({"name", "type", "unit", "scale", "offsetBits", "data", "length", "stride", "dimension", "offsets", "bitOffset",
        "validity", "validityOffset", "reserved"})
    class Column extends Structure {
        public String name;
        public int type, unit, scale, offsetBits;
        public Pointer data;
        public long length, stride, dimension;
        public Pointer offsets;
        public long bitOffset;
        public Pointer validity;
        public long validityOffset;
        public long[] reserved = new long[2];
    }

    @FieldOrder({"first", "last", "rows", "rejected"})
    class Pushed extends Structure {
        public long first, last, rows, rejected;
    }
}
