/**
 * The same command lines of Kafka's own tools against Ottla and against a real Kafka: what they
 * print and how they exit, with ids, times, addresses and the order of lines aside. The lines build
 * on each other (kafka-tools-commands.ts), so all of them run, in their order.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sameText, toolCommands } from './kafka-tools-commands.ts'
import { cornerCommands } from './kafka-tools-corners.ts'
import { run } from './process.ts'
import { startTargetOf, type Target } from './target.ts'
import { plain, runTool, type Side, settled } from './tool-comparison.ts'
import { startToolRunner } from './tool-runner.ts'
import { repository } from './tools.ts'

/** What both are started with, so that they have the same to show. */
const settings = { 'broker.rack': 'here', 'log.retention.hours': '100' }
const ones = {
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
}

let targets: Target[]
let kafka: Side
let ottla: Side

const sideOf = ({ bootstrap, port }: Target): Side => ({
  bootstrap,
  addresses: new Map([
    [bootstrap, 'ADDRESS'],
    [`127.0.0.1:${port + 1}`, 'CONTROLLER'],
  ]),
  runner: startToolRunner(),
})

beforeAll(async () => {
  const kafkaTarget = startTargetOf('kafka', { ...ones, ...settings })
  const own = { 'default.replication.factor': '1', ...settings }
  const ottlaTarget = startTargetOf('ottla', own)
  targets = [await kafkaTarget, await ottlaTarget]
  ;[kafka, ottla] = targets.map(sideOf) as [Side, Side]
})
afterAll(async () => {
  for (const side of [kafka, ottla]) await side?.runner.close()
  for (const target of targets ?? []) await target.remove()
})

for (const command of [...toolCommands, ...cornerCommands]) {
  const line = [command.tool, ...command.args].join(' ')
  const title = command.differs === undefined ? line : `${line} differs: ${command.differs}`
  test(title, async () => {
    const ours = await runTool(command, ottla)
    const theirs = await settled(command, ours, kafka)
    if (command.differs === undefined) expect(ours).toEqual(theirs)
    else expect(ours).not.toEqual(theirs)
  })
}

test('ottla prints the text of Kafka tools with --format kafka', async () => {
  const group = ['--topic', 'data', '--group', 'shown', '--from-beginning', '--max-messages', '1']
  await runTool({ tool: 'console-consumer', args: [...group, '--timeout-ms', '20000'] }, ottla)
  for (const [tool, line] of sameText) {
    const theirs = await runTool(tool, ottla)
    const args = [join(repository, 'dist/ottla.js'), ...line.split(' '), '--format', 'kafka']
    const ours = await run(process.execPath, [...args, '-b', ottla.bootstrap])
    const lines = `${ours.stdout}\n${ours.stderr}`.split('\n').flatMap((text) => plain(text, ottla))
    expect([line, lines.sort()]).toEqual([line, theirs.lines])
  }
})
