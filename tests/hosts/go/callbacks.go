// Calls from C into Go. They have a file of their own, because a file that exports functions may only declare C functions.
package main

// #include <vecsink.h>
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

//export goDurable
func goDurable(userData unsafe.Pointer, durable C.uint64_t) {
	if sink := (*cgo.Handle)(userData).Value().(*Sink); sink.onDurable != nil {
		sink.onDurable(uint64(durable))
	}
}

//export goRejected
func goRejected(userData unsafe.Pointer, rejected *C.vecsink_rejected) {
	if sink := (*cgo.Handle)(userData).Value().(*Sink); sink.onRejected != nil {
		sink.onRejected(Rejected{
			Sequence: uint64(rejected.sequence),
			Stage:    C.GoString(rejected.stage),
			Column:   C.GoString(rejected.column),
			SQLState: C.GoString(rejected.sqlstate),
		})
	}
}
