// A Go program that pushes from many threads while the signals of Go's runtime come: host URL TABLE.
// The table: id bigint PRIMARY KEY, name text CHECK (name <> 'refused'), embedding vector(3).
package main

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	threads   = 16
	rowsEach  = 1000
	batchRows = 100
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func embedding(id int64) []float32 { return []float32{float32(id), 0.5, -1} }

// storm sends SIGURG, with which Go's runtime preempts goroutines, to each thread of the process, also to those of the library. And
// it makes the runtime send signals itself, by garbage collections while goroutines are busy, and by a profile.
func storm(stop *atomic.Bool) (sent int) {
	must(pprof.StartCPUProfile(io.Discard))
	defer pprof.StopCPUProfile()
	go func() {
		for spins := 0; !stop.Load(); spins++ {
		}
	}()
	for !stop.Load() {
		tasks, err := os.ReadDir("/proc/self/task")
		must(err)
		for _, task := range tasks {
			number, err := strconv.Atoi(task.Name())
			must(err)
			// A thread may have ended meanwhile.
			if syscall.Tgkill(os.Getpid(), number, syscall.SIGURG) == nil {
				sent++
			}
		}
		runtime.GC()
	}
	return sent
}

func pushFromThreads(sink *Sink) {
	var group sync.WaitGroup
	for thread := int64(0); thread < threads; thread++ {
		group.Add(1)
		go func() {
			defer group.Done()
			// Without it goroutines would share a few threads.
			runtime.LockOSThread()
			for at := int64(0); at < rowsEach; at++ {
				id := thread*rowsEach + at
				sequence, err := sink.Push(id, fmt.Sprint("row ", id), embedding(id))
				must(err)
				// Signals come during calls that wait, too.
				if at%100 == 99 {
					must(sink.WaitDurable(sequence, 20*time.Second))
				}
			}
		}()
	}
	group.Wait()
}

// pushBatch pushes one batch. One of its rows can't be stored.
func pushBatch(sink *Sink, first int64) uint64 {
	var ids []int64
	var names strings.Builder
	var embeddings []float32
	offsets := []int32{0}
	for id := first; id < first+batchRows; id++ {
		ids = append(ids, id)
		fmt.Fprint(&names, "row ", id)
		offsets = append(offsets, int32(names.Len()))
		embeddings = append(embeddings, embedding(id)...)
	}
	embeddings[0] = float32(math.NaN())
	last, err := sink.PushBatch(ids, []byte(names.String()), offsets, embeddings)
	must(err)
	return last
}

// report waits for a call of the callback.
func report(rejected <-chan Rejected) {
	select {
	case row := <-rejected:
		fmt.Println("rejected", row.Sequence, row.Stage, cmp.Or(row.Column, "-"), row.SQLState)
	case <-time.After(20 * time.Second):
		log.Fatal("the callback was not called for a rejected row")
	}
}

func main() {
	url, table := os.Args[1], os.Args[2]
	var durable atomic.Uint64
	rejected := make(chan Rejected, 2)
	var sink *Sink
	calls := int64(0)
	sink, err := Open(url, table, durable.Store, func(row Rejected) {
		calls++ // one call comes at a time
		// A callback may push.
		_, err := sink.Push(-calls, "instead of "+row.Stage, embedding(0))
		must(err)
		rejected <- row
	})
	must(err)

	var stop atomic.Bool
	sent := make(chan int)
	go func() { sent <- storm(&stop) }()
	pushFromThreads(sink)
	last := pushBatch(sink, threads*rowsEach)
	must(sink.WaitDurable(last, 20*time.Second))
	report(rejected)
	_, err = sink.Push(1, "row 1", []float32{1, 2})
	if failed, is := err.(*Error); !is || failed.Column != "embedding" {
		log.Fatal("a vector of two elements was accepted for vector(3): ", err)
	}
	// The sink accepts this row; the database refuses it.
	_, err = sink.Push(99999, "refused", embedding(0))
	must(err)
	report(rejected)
	stop.Store(true)
	fmt.Println("signals", <-sent)

	must(sink.Close(20 * time.Second))
	fmt.Println("durable", durable.Load())
	sink.Free()

	// The program may also just end without closing the sink, since it has waited for its rows.
	sink, err = Open(url, table, nil, nil)
	must(err)
	last, err = sink.Push(100000, "row 100000", embedding(100000))
	must(err)
	must(sink.WaitDurable(last, 20*time.Second))
}
