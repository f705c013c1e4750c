module github.com/bastion-go/bastion

go 1.26
