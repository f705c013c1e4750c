package executor

// Runner is what a [Task] does. The layer above implements it.
type Runner interface {
	// Run is one slice of work on w's goroutine. It should end soon after w.Yield reports true. It returns true to be
	// queued again, behind what is ready; false when somebody else will submit the task again, or nobody.
	//
	// It may block, and may end its goroutine by [runtime.Goexit]: the worker is replaced in both cases. A panic out
	// of Run is not recovered and ends the program, as in any goroutine: containing its users' panics is the
	// Runner's job.
	Run(w *Worker) (again bool)
}

// Task is a unit of work that can be queued without allocating: embed it, and call Init once before the first
// submission. At most one submission may be outstanding: from Submit until Run is called the Task belongs to the
// executor, and submitting it again before that corrupts the queues. From inside its own Run a task may be submitted
// again if that Run then returns false.
type Task struct {
	runner Runner
	// next links the task in an injection queue. Whoever holds the task in hand writes and reads it: the submitter
	// until the queue's mutex is taken, then the holder of that mutex.
	next *Task
}

// Init sets what t does. It must not be called while t is submitted.
func (t *Task) Init(r Runner) { t.runner = r }

// Runner returns what was given to Init.
func (t *Task) Runner() Runner { return t.runner }
