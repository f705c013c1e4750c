package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"io"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// A report is what `bastion bench savina --json` prints, as far as it is drawn.
type report struct {
	Machine string
	Engines []string
	Rows    []struct {
		Program string
		Median  map[string]float64 `json:"median_ns"`
	}
}

const ours = "bastion"

// shades are dark enough beside white, and different without color, too.
var shades = []color.Color{
	color.RGBA{R: 0x1b, G: 0x4d, B: 0x89, A: 0xff}, color.RGBA{R: 0xe0, G: 0x8e, B: 0x2b, A: 0xff},
	color.RGBA{R: 0x8f, G: 0xb8, B: 0x9a, A: 0xff}, color.RGBA{R: 0xb0, G: 0x4a, B: 0x5a, A: 0xff},
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var r report
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return fmt.Errorf("reading the report: %w", err)
	}
	if len(r.Rows) == 0 || len(r.Engines) == 0 {
		return errors.New("the report has no rows: is it what `bastion bench savina --json` prints?")
	}
	p, err := draw(r)
	if err != nil {
		return err
	}
	svg, err := p.WriterTo(vg.Length(len(r.Rows))*2.2*vg.Centimeter+3*vg.Centimeter, 9*vg.Centimeter, "svg")
	if err != nil {
		return err
	}
	_, err = svg.WriteTo(out)
	return err
}

func draw(r report) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = "Savina: time, as a multiple of Bastion's (" + r.Machine + ")"
	p.Title.TextStyle.Font.Size = 9
	p.Y.Label.Text = "times Bastion's"
	p.Y.Min = 0
	p.Legend.Top = true
	var names []string
	for _, row := range r.Rows {
		names = append(names, row.Program)
	}
	width := vg.Points(14)
	for i, engine := range r.Engines {
		bars, err := plotter.NewBarChart(r.times(engine), width)
		if err != nil {
			return nil, err
		}
		bars.LineStyle.Width = 0
		bars.Color = shades[i%len(shades)]
		bars.Offset = width * (vg.Length(i) - vg.Length(len(r.Engines)-1)/2)
		p.Add(bars)
		p.Legend.Add(engine, bars)
	}
	p.NominalX(names...)
	p.X.Tick.Label.Rotation = 0.4
	p.X.Tick.Label.XAlign = -0.8
	return p, nil
}

// times are an engine's figures as multiples of ours; 0 where there is none.
func (r report) times(engine string) (times plotter.Values) {
	for _, row := range r.Rows {
		if base := row.Median[ours]; base > 0 {
			times = append(times, row.Median[engine]/base)
		} else {
			times = append(times, 0)
		}
	}
	return times
}
