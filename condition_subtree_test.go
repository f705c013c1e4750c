package bastion_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// A subtree that gives up is an end like any other: the conditions of the child
// that it is, and those of the supervisor above for all its children, decide.
func TestS12_ConditionsOfSubtrees(t *testing.T) {
	fragile := bastion.SupervisorSpec{Name: "inner", Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{
		{Name: "c", Start: actor()},
	}}
	stop := bastion.Condition{Is: errBoom, Then: bastion.StopChild}
	broken := bastion.Condition{Match: func(bastion.Failure) bool { panic("match") }, Then: bastion.StopSystem}
	specs := map[string]bastion.SupervisorSpec{
		"own":       {Children: []bastion.ChildSpec{{Start: bastion.Subtree(fragile), Conditions: []bastion.Condition{stop}}}},
		"inherited": {Conditions: []bastion.Condition{stop}, Children: []bastion.ChildSpec{{Start: bastion.Subtree(fragile)}}},
		"broken":    {Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{Start: bastion.Subtree(fragile), Conditions: []bastion.Condition{broken}}}},
	}
	for name, spec := range specs {
		t.Run(name, func(t *testing.T) {
			spec.Name = "outer"
			sys := must(bastion.New(bastion.Config{Name: "sys", Logger: quiet, Intensity: bastion.NoRestarts}))
			sup := must(sys.Supervise(spec))
			events := sys.Events(1000)
			check(sys.Start(t.Context()))
			defer sys.Stop(t.Context())
			check(sup.Supervisor("inner").Child("c").Tell(t.Context(), fail{}))
			if name == "broken" { // as if it were not there: it escalates to the root
				<-sys.Done()
				if err := sys.Wait(); !errors.Is(err, bastion.ErrIntensity) || !errors.Is(err, errBoom) {
					t.Fatal(err)
				}
				return
			}
			for deadline := time.After(time.Minute); ; {
				select {
				case e := <-events.C():
					if e.Kind == bastion.EventStopped && e.Path == "/sys/outer/inner" {
						if sys.Inspector().State() != "running" || !errors.Is(e.Reason, errBoom) {
							t.Fatal(sys.Inspector().State(), e.Reason)
						}
						check(sup.Restart(t.Context(), "inner"))
						return
					}
				case <-deadline:
					t.Fatal("the subtree did not stop")
				}
			}
		})
	}
}
