module github.com/bastion-go/bastion/middleware/breaker

go 1.26.0

require github.com/bastion-go/bastion v0.0.0

require (
	github.com/sony/gobreaker/v2 v2.4.0
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/bastion-go/bastion => ../..
