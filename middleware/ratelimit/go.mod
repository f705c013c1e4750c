module github.com/bastion-go/bastion/middleware/ratelimit

go 1.26.0

require github.com/bastion-go/bastion v0.0.0

require (
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/time v0.16.0
)

replace github.com/bastion-go/bastion => ../..
