// A Go wrapper of the part of the C interface that this test needs. All of cgo is in this file and in callbacks.go.
package main

// #cgo LDFLAGS: -lvecsink
// #include <stdlib.h>
// #include <vecsink.h>
// void goDurable(void *user_data, uint64_t durable);
// void goRejected(void *user_data, vecsink_rejected *rejected);
import "C"

import (
	"fmt"
	"runtime"
	"runtime/cgo"
	"time"
	"unsafe"
)

// Sink is an open table. All methods but Free may be called by any number of goroutines.
type Sink struct {
	pointer *C.vecsink_sink
	// What the callbacks are given: a number in pinned memory of its own, since C may keep no pointer to Go's pointers.
	self   *cgo.Handle
	pinner runtime.Pinner

	onDurable  func(durable uint64)
	onRejected func(Rejected)
}

// Rejected is a row that was accepted and then could not be stored.
type Rejected struct {
	Sequence                uint64
	Stage, Column, SQLState string
}

// Error is why a call failed.
type Error struct {
	Code                      C.vecsink_code
	Message, Column, SQLState string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s", C.GoString(C.vecsink_code_name(e.Code)), e.Message)
}

// call makes a call that may fail, and turns its error object into an error of Go.
func call(function func(object **C.vecsink_error) C.vecsink_code) error {
	var object *C.vecsink_error
	code := function(&object)
	if code == C.VECSINK_OK {
		return nil
	}
	defer C.vecsink_error_free(object)
	return &Error{
		Code:     code,
		Message:  C.GoString(C.vecsink_error_message(object)),
		Column:   C.GoString(C.vecsink_error_column(object)),
		SQLState: C.GoString(C.vecsink_error_sqlstate(object)),
	}
}

// Open opens a sink for all columns of a table. Both callbacks may be nil; they come on a thread of the library.
func Open(url, table string, onDurable func(uint64), onRejected func(Rejected)) (*Sink, error) {
	sink := &Sink{onDurable: onDurable, onRejected: onRejected}
	cURL, cTable := C.CString(url), C.CString(table)
	defer C.free(unsafe.Pointer(cURL))
	defer C.free(unsafe.Pointer(cTable))

	var builder *C.vecsink_sink_builder
	err := call(func(object **C.vecsink_error) C.vecsink_code {
		return C.vecsink_sink_builder_new(cURL, cTable, &builder, object)
	})
	if err != nil {
		return nil, err
	}
	defer C.vecsink_sink_builder_free(builder)

	self := cgo.NewHandle(sink)
	sink.self = &self
	sink.pinner.Pin(sink.self)
	userData := unsafe.Pointer(sink.self)
	err = call(func(object **C.vecsink_error) C.vecsink_code {
		code := C.vecsink_sink_builder_on_durable(builder, C.vecsink_durable_callback(C.goDurable), userData, object)
		if code == C.VECSINK_OK {
			code = C.vecsink_sink_builder_on_rejected(builder, C.vecsink_rejected_callback(C.goRejected), userData, object)
		}
		if code == C.VECSINK_OK {
			code = C.vecsink_sink_builder_open(builder, &sink.pointer, object)
		}
		return code
	})
	if err != nil {
		sink.forget()
		return nil, err
	}
	return sink, nil
}

// Push pushes a row: an id, a name and an embedding. It returns the row's number.
func (s *Sink) Push(id int64, name string, embedding []float32) (uint64, error) {
	// C reads values that point to Go's memory. So this memory is pinned: it must not move or be freed.
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinner.Pin(unsafe.StringData(name))
	pinner.Pin(unsafe.SliceData(embedding))
	row := [3]C.vecsink_value{
		C.vecsink_i64(C.int64_t(id)),
		C.vecsink_str((*C.char)(unsafe.Pointer(unsafe.StringData(name))), C.size_t(len(name))),
		C.vecsink_vector_f32((*C.float)(unsafe.SliceData(embedding)), C.size_t(len(embedding))),
	}
	var sequence C.uint64_t
	err := call(func(object **C.vecsink_error) C.vecsink_code {
		return C.vecsink_sink_push(s.pointer, &row[0], C.size_t(len(row)), C.VECSINK_NEXT, -1, &sequence, object)
	})
	return uint64(sequence), err
}

// PushBatch pushes rows that are given as columns. The texts follow each other in memory without gaps, and so do the vectors. It
// returns the last row's number.
func (s *Sink) PushBatch(ids []int64, names []byte, offsets []int32, embeddings []float32) (uint64, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	pinned := func(pointer unsafe.Pointer) unsafe.Pointer {
		pinner.Pin(pointer)
		return pointer
	}
	columns := [3]C.vecsink_column{
		{_type: C.VECSINK_COLUMN_I64, data: pinned(unsafe.Pointer(&ids[0])), length: C.size_t(len(ids))},
		{_type: C.VECSINK_COLUMN_STR, data: pinned(unsafe.Pointer(&names[0])), length: C.size_t(len(names)),
			offsets: pinned(unsafe.Pointer(&offsets[0])), offset_bits: 32},
		{_type: C.VECSINK_COLUMN_MATRIX_F32, data: pinned(unsafe.Pointer(&embeddings[0])),
			length: C.size_t(len(embeddings)), dimension: C.size_t(len(embeddings) / len(ids))},
	}
	var pushed C.vecsink_pushed
	err := call(func(object **C.vecsink_error) C.vecsink_code {
		return C.vecsink_sink_push_batch(s.pointer, &columns[0], C.size_t(len(columns)), C.size_t(len(ids)), C.VECSINK_NEXT, -1,
			&pushed, object)
	})
	return uint64(pushed.last), err
}

// WaitDurable waits until the row with this number is in the database, or was rejected and its callback made.
func (s *Sink) WaitDurable(sequence uint64, timeout time.Duration) error {
	return call(func(object **C.vecsink_error) C.vecsink_code {
		return C.vecsink_sink_wait_durable(s.pointer, C.uint64_t(sequence), C.int64_t(timeout.Milliseconds()), object)
	})
}

// Close writes what was pushed, makes the last callbacks and ends the sink's threads and connections.
func (s *Sink) Close(deadline time.Duration) error {
	return call(func(object **C.vecsink_error) C.vecsink_code {
		return C.vecsink_sink_close(s.pointer, C.int64_t(deadline.Milliseconds()), nil, object)
	})
}

// Free frees a sink, which may not be used after that.
func (s *Sink) Free() {
	C.vecsink_sink_free(s.pointer)
	s.forget()
}

func (s *Sink) forget() {
	s.pinner.Unpin()
	s.self.Delete()
}
