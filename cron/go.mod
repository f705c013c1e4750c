module github.com/bastion-go/bastion/cron

go 1.26.0

require (
	github.com/bastion-go/bastion v0.0.0
	github.com/netresearch/go-cron v0.9.1
)

require golang.org/x/sys v0.49.0 // indirect

replace github.com/bastion-go/bastion => ..
