/** Command lines of Kafka's tools for what concerns replicas, by what becomes of the third of three brokers. */
import { command as c } from './kafka-tools-commands.ts'

const plan = (...moves: string[]) =>
  `--reassignment-json-file FILE:{"version":1,"partitions":[${moves.join(',')}]}`
const move = (topic: string, partition: number, replicas: number[]) =>
  `{"topic":"${topic}","partition":${partition},"replicas":[${replicas}]}`
const topicList = (...names: string[]) =>
  `FILE:{"version":1,"topics":[${names.map((name) => `{"topic":"${name}"}`).join(',')}]}`
const election = (type: string, rest: string) =>
  c(`leader-election --election-type ${type} ${rest}`)

export const allThree = [
  c('topics --create --topic r --replica-assignment 1:2:3,2:3:1,3:1:2'),
  c('topics --create --topic two --replica-assignment 1:2,2:1'),
  c('topics --create --topic alone --replica-assignment 1,3'),
  c('topics --create --topic strict --replica-assignment 2:3:1 --config min.insync.replicas=3'),
  c('topics --create --topic wrong --replica-assignment 1:2,3'),
  c('topics --create --topic wrong --replica-assignment 1:1'),
  c('topics --create --topic wrong --replica-assignment 1:9'),
  c('topics --create --topic wrong --replication-factor 4'),
  c('topics --describe --topic r'),
  c('topics --describe --topic two'),
  c('topics --describe --under-replicated-partitions'),
  c('topics --describe --at-min-isr-partitions'),
  c('topics --describe --under-min-isr-partitions'),
  c('topics --describe --unavailable-partitions'),
  c('topics --alter --topic two --partitions 3 --replica-assignment 1:2,2:1,3:1'),
  c('topics --alter --topic two --partitions 4 --replica-assignment 1:2,2:1,3:1,2:3:1'),
  c('topics --describe --topic two'),
  // With keys: otherwise the producer draws a partition.
  c(
    'console-producer --topic alone --reader-property parse.key=true --reader-property key.separator=:',
    {
      input: 'a:1\nb:2\nc:3\n',
    },
  ),
  c('get-offsets --topic alone'),
  c('log-dirs --describe --topic-list r,two'),
  c('log-dirs --describe --topic-list r --broker-list 3,1'),
  c('log-dirs --describe --topic-list r --broker-list 1,9'),
  c('get-offsets --topic r'),
  election('preferred', '--topic r --partition 0'),
  election('preferred', '--all-topic-partitions'),
  election('unclean', '--topic r --partition 0'),
  election('preferred', '--topic r --partition 9'),
  election('preferred', '--topic nowhere --partition 0'),
]

export const moves = [
  c(
    `reassign-partitions --generate --broker-list 1,2,3 --topics-to-move-json-file ${topicList('r')}`,
  ),
  c(`reassign-partitions --generate --broker-list 1 --topics-to-move-json-file ${topicList('r')}`),
  c(
    `reassign-partitions --generate --broker-list 3 --topics-to-move-json-file ${topicList('alone')}`,
  ),
  c('reassign-partitions --list'),
  c(`reassign-partitions --execute ${plan(move('two', 0, [3, 2]), move('r', 0, [3, 2, 1]))}`),
  c(`reassign-partitions --verify ${plan(move('two', 0, [3, 2]), move('r', 0, [3, 2, 1]))}`),
  c('topics --describe --topic two'),
  c('topics --describe --topic r'),
  election('preferred', '--topic r --partition 0'),
  c('topics --describe --topic r'),
  c(`reassign-partitions --execute --throttle 50000000 ${plan(move('alone', 0, [2]))}`),
  c(`reassign-partitions --verify --preserve-throttles ${plan(move('alone', 0, [2]))}`),
  c('configs --describe --entity-type brokers --entity-name 2'),
  c('configs --describe --entity-type topics --entity-name alone'),
  c(`reassign-partitions --verify ${plan(move('alone', 0, [2]))}`),
  c('configs --describe --entity-type brokers --entity-name 2'),
  c('configs --describe --entity-type topics --entity-name alone'),
  c('get-offsets --topic alone'),
  c(`reassign-partitions --cancel ${plan(move('alone', 0, [2]))}`),
  c(`reassign-partitions --execute ${plan(move('two', 0, [3, 9]))}`),
  c(`reassign-partitions --execute ${plan(move('two', 9, [3]))}`),
]

export const thirdStopped = [
  c('topics --describe --topic r'),
  c('topics --describe --under-replicated-partitions --topic r'),
  c('topics --describe --unavailable-partitions'),
  c('topics --describe --at-min-isr-partitions --topic two'),
  c('topics --describe --under-min-isr-partitions --topic strict'),
  c('topics --create --topic wrong --replication-factor 4'),
  c('get-offsets --topic r'),
  c('log-dirs --describe --topic-list r'),
  election('preferred', '--topic r --partition 2'),
  election('unclean', '--topic r --partition 2'),
  c(`reassign-partitions --execute ${plan(move('two', 1, [1, 3]))}`),
  c('reassign-partitions --list'),
  // Without it the tool asks the stopped broker to drop its throttles, for a minute.
  c(`reassign-partitions --verify --preserve-throttles ${plan(move('two', 1, [1, 3]))}`),
  c('topics --describe --topic two'),
  c(`reassign-partitions --execute ${plan(move('two', 1, [1, 2]))}`),
  c(`reassign-partitions --cancel --preserve-throttles ${plan(move('two', 1, [1, 3]))}`),
  c('reassign-partitions --list'),
  c('topics --describe --topic two'),
  c(`reassign-partitions --execute ${plan(move('two', 0, [3, 2, 1]))}`),
  c(`reassign-partitions --cancel --preserve-throttles ${plan(move('two', 0, [3, 2, 1]))}`),
  c('topics --describe --topic two'),
]

export const thirdBack = [
  c('topics --describe --under-replicated-partitions'),
  c('topics --describe --topic r'),
  election('preferred', '--topic r --partition 2'),
  election('preferred', '--topic r --partition 2'),
  c('topics --describe --topic r'),
  c('topics --describe --topic strict'),
  c('topics --delete --topic r'),
  c('topics --list'),
]
