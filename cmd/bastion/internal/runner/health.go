package runner

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A Health says whether a program serves.
type Health func(ctx context.Context) error

// ParseHealth reads what to ask: a URL, which is healthy when it answers with a
// status from 200 to 399, or a socket, as ParseSocket reads it, which is when it
// takes a connection.
func ParseHealth(text string) (Health, error) {
	if strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") {
		u, err := url.Parse(text)
		if err != nil {
			return nil, err
		}
		if u.Host == "" {
			return nil, fmt.Errorf("%q has no host", text)
		}
		return get(u.String()), nil
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok {
		return nil, fmt.Errorf("%q: nothing is known of %s; give an http or https URL, or an address", text, scheme)
	}
	s, err := ParseSocket(text)
	if err != nil {
		return nil, err
	}
	if s.Name != "" || s.Network != "unix" && !strings.HasPrefix(s.Network, "tcp") {
		return nil, fmt.Errorf("%q: only a TCP or Unix address can be asked, or a URL", text)
	}
	return dial(s.Network, s.Address), nil
}

// get asks a URL, each time over a connection of its own: one kept open would
// be the dead program's.
func get(target string) Health {
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: nil},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return err
		}
		request.Header.Set("User-Agent", "bastion-run")
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		_, _ = io.CopyN(io.Discard, response.Body, 64<<10)
		response.Body.Close()
		if response.StatusCode < 200 || response.StatusCode > 399 {
			return fmt.Errorf("%s answered %s", target, response.Status)
		}
		return nil
	}
}

func dial(network, address string) Health {
	return func(ctx context.Context) error {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return err
		}
		return c.Close()
	}
}
