package bastion_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion"
)

// Reading is passed by value: through a typed door it is never boxed.
type Reading struct {
	Sensor  int
	Celsius float64
}

// A process that takes one type of message, and a reference through which the compiler lets nothing else.
func ExampleTyped() {
	ctx := context.Background()
	done := make(chan struct{})
	sys := must(bastion.New(bastion.Config{Name: "weather"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "station",
		Children: []bastion.ChildSpec{{
			Name: "hottest",
			Start: bastion.HandleTyped(func() bastion.TypedReceiver[Reading] {
				var hottest Reading
				return bastion.TypedReceiverFunc[Reading](func(_ *bastion.Context, r Reading) error {
					if r.Celsius > hottest.Celsius {
						hottest = r
					}
					if r.Sensor == 3 {
						fmt.Printf("sensor %d: %.1f\n", hottest.Sensor, hottest.Celsius)
						close(done)
					}
					return nil
				})
			}),
		}},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	hottest, err := bastion.Typed[Reading](sup.Child("hottest"))
	fmt.Println(hottest.Ref().Path(), err)
	for i, celsius := range []float64{18.5, 24, 21.5} {
		check(hottest.Tell(ctx, Reading{Sensor: i + 1, Celsius: celsius}))
	}
	<-done

	_, err = bastion.Typed[string](sup.Child("hottest"))
	fmt.Println(errors.Is(err, bastion.ErrType))
	// Output:
	// /weather/station/hottest <nil>
	// sensor 2: 24.0
	// true
}
