/** The comparison as one HTML file with its plots drawn in it: no script, nothing to fetch. */
import { type Comparison, type RowResult, spreadIn, verdictOf } from './comparison.ts'
import type { Spread } from './statistics.ts'

const colours = ['#2563eb', '#9ca3af']
const text = (value: unknown) =>
  `${value}`.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
const short = (value: number) => Number(value.toPrecision(4)).toLocaleString('en')

/** One bar for each contender: the median, with a line from min to max. */
function plot(result: RowResult, contenders: readonly string[]): string {
  const spreads = contenders.map((name) => ({
    name,
    spread: spreadIn(result, name, result.row.figure),
  }))
  const most = Math.max(...spreads.map(({ spread }) => spread?.max ?? 0)) || 1
  const x = (value: number) => 90 + (value / most) * 430
  const bars = spreads.map(({ name, spread }, i) => {
    const y = 8 + i * 30
    const label = `<text x="84" y="${y + 15}" text-anchor="end">${text(name)}</text>`
    return spread === undefined ? label : label + bar(spread, y, colours[i % 2]!, x)
  })
  return `<svg viewBox="0 0 720 ${spreads.length * 30 + 10}" role="img">${bars.join('')}</svg>`
}

function bar(spread: Spread, y: number, colour: string, x: (value: number) => number): string {
  const width = x(spread.median) - 90
  const line = `M${x(spread.min)} ${y + 10}H${x(spread.max)}`
  return [
    `<rect x="90" y="${y}" width="${width}" height="20" fill="${colour}"/>`,
    `<path d="${line}" stroke="#111" stroke-width="1.5"/>`,
    `<text x="${x(spread.max) + 8}" y="${y + 15}">${short(spread.median)}</text>`,
  ].join('')
}

function section(result: RowResult, contenders: readonly string[]): string {
  const { row, takenAt, command, commit, failures } = result
  const { ratio, noisy } = verdictOf(result, contenders)
  const beside = (row.beside ?? []).map((figure) => {
    const cells = contenders.map((name) => {
      const one = spreadIn(result, name, figure)
      return `<td>${one ? `${short(one.median)} <small>${short(one.min)}–${short(one.max)}</small>` : '–'}</td>`
    })
    return `<tr><th>${text(figure)}</th>${cells.join('')}</tr>`
  })
  const verdict = [
    ratio === undefined ? '' : `${ratio.toFixed(2)} times ${contenders[1]}`,
    row.goal === undefined ? '' : `goal ${row.goal}`,
    noisy ? 'too noisy to conclude: the runs differ by more than 25 %' : '',
    ...failures,
  ]
  return `<section><h2>${text(row.name)}</h2>
<p>${text(row.figure)}, ${row.better} is better. ${text(verdict.filter(Boolean).join('; '))}</p>
<p><small>${text(`${command}, commit ${commit}, ${takenAt}`)}</small></p>
${plot(result, contenders)}
<table><tr><th></th>${contenders.map((name) => `<th>${text(name)}</th>`).join('')}</tr>${beside.join('')}</table>
</section>`
}

export function page(comparison: Comparison): string {
  const { machine, contenders, results } = comparison
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Ottla compared</title>
<style>body{font:15px/1.5 system-ui;max-width:760px;margin:2rem auto;padding:0 1rem}h2{font-size:1.05rem;margin:2rem 0 0}
p{margin:.2rem 0}svg{width:100%;font-size:13px}table{font-size:13px;border-collapse:collapse}th,td{padding:.1rem .8rem .1rem 0;text-align:left}
small{color:#666}</style>
<h1>${text(contenders.join(' and '))}</h1>
<p>${text(machine)}</p>
<p>Bars are medians, the lines on them go from the least to the most of all runs. bench/README.md says what not to believe.</p>
${results.map((result) => section(result, contenders)).join('\n')}
</html>
`
}
