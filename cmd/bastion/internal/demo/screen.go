package demo

import (
	"fmt"
	"io"
	"net"
	"sync"

	tea "charm.land/bubbletea/v2"
)

// A Screen view fills a terminal and redraws it at every snapshot.
type Screen struct {
	program *tea.Program
	running sync.WaitGroup
}

// NewScreen takes the terminal over until Close. The terminal sends no signal for Ctrl-C meanwhile: interrupt is called
// instead, each time.
func NewScreen(in io.Reader, out io.Writer, interrupt func()) *Screen {
	s := &Screen{program: tea.NewProgram(screenModel{interrupt: interrupt, width: 100, height: 40},
		tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler())}
	s.running.Go(func() {
		// Without a picture the run goes on and reports all the same.
		if _, err := s.program.Run(); err != nil {
			fmt.Fprintln(out, "no live view:", err)
		}
	})
	return s
}

// Show hands a snapshot over; it is drawn soon.
func (s *Screen) Show(snapshot Snapshot) {
	s.program.Send(drawing(func(width, height int) string { return picture(snapshot, width, height) }))
}

// A drawing is what there is to see, for any size.
type drawing func(width, height int) string

// Close gives the terminal back.
func (s *Screen) Close() {
	s.program.Quit()
	s.running.Wait()
}

// screenModel is what Bubble Tea asks for: a value with an update and a picture.
type screenModel struct {
	draw          drawing // nil: nothing yet
	width, height int
	interrupt     func()
}

func (m screenModel) Init() tea.Cmd { return nil }

func (m screenModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case drawing:
		m.draw = msg
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		if key := msg.String(); key == "ctrl+c" || key == "q" {
			m.interrupt()
		}
	}
	return m, nil
}

func (m screenModel) View() tea.View {
	view := tea.NewView("")
	view.AltScreen = true
	if m.draw != nil {
		view.Content = m.draw(m.width, m.height)
	}
	return view
}

// picture draws a snapshot into so many columns and rows. The events get what the tree leaves; a tree too tall is cut.
func picture(s Snapshot, width, height int) string {
	head := []string{
		headline(s),
		fmt.Sprintf("%s   %s", clock(s), s.Phase),
		"",
		fmt.Sprintf("requests   %s a second, p50 %s, p99 %s; %s", thousands(uint64(s.RequestRate)), short(s.P50), short(s.P99), wrongWord(s.Wrong)),
		fmt.Sprintf("messages   %s a second; %s dead letters", thousands(uint64(s.MessageRate)), thousands(s.DeadLetters)),
		"injected   " + injectedLine(s.Injected),
		"books      " + booksLine(s.Books),
		"",
	}
	foot := []string{"", "Ctrl-C: stop, check, report. Twice: stop at once. Join in: nc " + hostAndPort(s.Address) + ", then HELP."}
	const fixedRows, fewEvents = 6, 5 // of the tree beside its shards; and what events get at least
	room := max(height-len(head)-len(foot)-fixedRows-fewEvents-2, 1)
	middle := append(treeLines(s.Tree, room), "", "events"+missedWord(s.Missed))
	rows := max(height-len(head)-len(foot), 0)
	middle = middle[:min(len(middle), rows)]
	return fit(append(head, middle...), s.Recent, foot, width, height)
}

func wrongWord(wrong uint64) string {
	if wrong == 0 {
		return "no answer was wrong"
	}
	return fmt.Sprintf("%d ANSWERS WERE WRONG", wrong)
}

func missedWord(missed uint64) string {
	if missed == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d missed)", missed)
}

// hostAndPort is an address as nc wants it.
func hostAndPort(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host + " " + port
}
