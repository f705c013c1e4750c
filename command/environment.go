package command

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/bastion-go/bastion/internal/osproc"
)

// environment is the command's, from the weakest to the strongest: this program's,
// then what describes the user and the folder, then Env, then what is between the
// command and us.
func (s *Spec) environment(as *account, between []string) []string {
	var all []string
	if !s.CleanEnv {
		all = osproc.Without(os.Environ(), osproc.ManagerVariables...)
		if s.Dir != "" {
			all = append(all, "PWD="+s.Dir)
		}
	}
	if as != nil && as.name != "" {
		all = append(all, "HOME="+as.home, "USER="+as.name, "LOGNAME="+as.name)
	}
	return lastOfEach(slices.Concat(all, s.Env, between))
}

// lastOfEach keeps the last value of each name; programs differ in which one they
// would take.
func lastOfEach(env []string) []string {
	at := make(map[string]int, len(env))
	out := make([]string, 0, len(env))
	for _, e := range env {
		name, _, ok := strings.Cut(e, "=")
		if i, seen := at[name]; seen && ok && name != "" {
			out[i] = e
			continue
		}
		at[name] = len(out)
		out = append(out, e)
	}
	return out
}

// An account is a user that a command is to be.
type account struct {
	name, home string
	credential *osproc.Credential // nil: this program's own, which only root can change
}

// account looks User and Group up. Nil: neither is given.
func (s *Spec) account() (*account, error) {
	if s.User == "" && s.Group == "" {
		return nil, nil
	}
	a := &account{credential: &osproc.Credential{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}}
	if s.User != "" {
		if err := a.become(s.User); err != nil {
			return nil, &StartError{"User", err}
		}
	}
	if s.Group != "" {
		id, err := groupID(s.Group)
		if err != nil {
			return nil, &StartError{"Group", err}
		}
		a.credential.GID = id
	}
	if c := a.credential; os.Getuid() != 0 && int(c.UID) == os.Getuid() && int(c.GID) == os.Getgid() {
		a.credential = nil
	}
	return a, nil
}

func (a *account) become(name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		if _, e := strconv.ParseUint(name, 10, 32); e == nil {
			u, err = user.LookupId(name)
		}
	}
	if err != nil {
		return err
	}
	if a.credential.UID, err = number(u.Uid); err != nil {
		return err
	}
	if a.credential.GID, err = number(u.Gid); err != nil {
		return err
	}
	groups, err := u.GroupIds()
	if err != nil {
		return fmt.Errorf("groups of %s: %w", name, err)
	}
	for _, g := range groups {
		id, err := number(g)
		if err != nil {
			return err
		}
		a.credential.Groups = append(a.credential.Groups, id)
	}
	a.name, a.home = u.Username, u.HomeDir
	return nil
}

func groupID(name string) (uint32, error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		if id, e := number(name); e == nil {
			return id, nil // a group needs no name
		}
		return 0, err
	}
	return number(g.Gid)
}

func number(id string) (uint32, error) {
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return 0, errors.New(id + " is no number of a user or group on this system")
	}
	return uint32(n), nil
}
