module github.com/bastion-go/bastion

go 1.26

require pgregory.net/rapid v1.3.0 // tests only
