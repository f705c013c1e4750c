//go:build unix

package demo

import "syscall"

// apart is a process group of its own: Ctrl-C is for this program, which then stops the other in order.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func killProcess(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }
