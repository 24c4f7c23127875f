// Command go is what a Go programmer writes for a Redis List, with go-redis, and asynq with tasks that do nothing; and workers
// of qscale that do nothing.
//
//	go MODE -items N [-batch N] [-concurrency N] [-print] -port PORT
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

const (
	list = "bench"
	held = "bench:held"
)

var (
	items       = flag.Int("items", 1, "")
	batch       = flag.Int("batch", 50, "")
	concurrency = flag.Int("concurrency", 1, "")
	show        = flag.Bool("print", false, "write each item to stdout")
	port        = flag.Int("port", 6379, "")
	endpoint    = flag.String("http", "", "address of an HTTP endpoint")
	payload     = strings.Repeat("x", 100)
	ctx         = context.Background()
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("no mode")
	}
	flag.CommandLine.Parse(os.Args[2:])
	address := fmt.Sprintf("127.0.0.1:%d", *port)
	client := redis.NewClient(&redis.Options{Addr: address, PoolSize: *concurrency + 1, ReadTimeout: 20 * time.Second})
	defer client.Close()
	modes := map[string]func(){
		"llen":       func() { must(client.LLen(ctx, list).Err()) },
		"push":       func() { push(client) },
		"brpop":      func() { each(func() { brpop(client) }) },
		"blmove":     func() { each(func() { blmove(client) }) },
		"multi":      func() { multi(client) },
		"asynq-fill": func() { asynqFill(address) },
		"asynq-work": func() { asynqWork(address) },
		"lines":      lines,
		"serve":      serve,
		"load":       load,
	}
	mode, found := modes[os.Args[1]]
	if !found {
		log.Fatalf("no mode %s", os.Args[1])
	}
	mode()
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Pipelines of LPUSHes with one value each, as in KEDA's tutorials.
func push(client *redis.Client) {
	for pushed := 0; pushed < *items; pushed += *batch {
		pipeline := client.Pipeline()
		for i := 0; i < *batch && pushed+i < *items; i++ {
			pipeline.LPush(ctx, list, fmt.Sprintf("message-%d", rand.Intn(50)))
		}
		_, err := pipeline.Exec(ctx)
		must(err)
	}
}

// Calls `one` once for each item, from as many goroutines as the concurrency.
func each(one func()) {
	var left atomic.Int64
	left.Store(int64(*items))
	var wait sync.WaitGroup
	for range *concurrency {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				one()
			}
		})
	}
	wait.Wait()
}

func brpop(client *redis.Client) {
	for {
		popped, err := client.BRPop(ctx, time.Second, list).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		must(err)
		write(popped[1])
		return
	}
}

func blmove(client *redis.Client) {
	for {
		item, err := client.BLMove(ctx, list, held, "RIGHT", "LEFT", time.Second).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		must(err)
		write(item)
		must(client.LRem(ctx, held, 1, item).Err())
		return
	}
}

func write(item string) {
	if *show {
		_, err := os.Stdout.WriteString(item + "\n")
		must(err)
	}
}

// Transactions: the batch before is removed item by item, the next is moved.
func multi(client *redis.Client) {
	var before []string
	for moved := 0; moved < *items; moved += len(before) {
		moves := make([]*redis.StringCmd, *batch)
		_, err := client.TxPipelined(ctx, func(pipeline redis.Pipeliner) error {
			for _, item := range before {
				pipeline.LRem(ctx, held, 1, item)
			}
			for i := range moves {
				moves[i] = pipeline.LMove(ctx, list, held, "RIGHT", "LEFT")
			}
			return nil
		})
		if !errors.Is(err, redis.Nil) {
			must(err)
		}
		before = before[:0]
		for _, move := range moves {
			if item, err := move.Result(); err == nil {
				before = append(before, item)
			}
		}
	}
	for _, item := range before {
		must(client.LRem(ctx, held, 1, item).Err())
	}
}

func asynqFill(address string) {
	client := asynq.NewClient(asynq.RedisClientOpt{Addr: address})
	defer client.Close()
	*concurrency = 16
	each(func() {
		_, err := client.Enqueue(asynq.NewTask("nothing", []byte(payload)))
		must(err)
	})
}

// Prints the seconds from the server's start to its last task.
func asynqWork(address string) {
	var processed atomic.Int64
	all := make(chan struct{})
	server := asynq.NewServer(
		asynq.RedisClientOpt{Addr: address},
		asynq.Config{Concurrency: *concurrency, LogLevel: asynq.ErrorLevel},
	)
	start := time.Now()
	must(server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		if processed.Add(1) == int64(*items) {
			close(all)
		}
		return nil
	})))
	<-all
	fmt.Println(time.Since(start).Seconds())
	os.Exit(0)
}
