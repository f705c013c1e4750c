module github.com/bastion-go/bastion/examples

go 1.26

require github.com/bastion-go/bastion v0.0.0

replace github.com/bastion-go/bastion => ..
