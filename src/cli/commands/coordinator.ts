/**
 * `ottla coordinator`: the daemon that keeps the cluster's metadata and elects leaders.
 *
 * It is a node whose role is controller; everything is handed to the code of `ottla broker`.
 */
import { Command } from 'commander'
import { brokerCommand, type StartNode } from './broker.ts'

interface Options {
  readonly dataDir?: string
  readonly listen: string
  readonly override: readonly string[]
}

const help = `
Brokers join it with ottla broker --coordinator HOST:PORT (or coordinator.servers).
There is one coordinator in a cluster; brokers go on answering while it restarts
within their lease.

Examples:
  ottla coordinator --listen 127.0.0.1:9093 --data-dir ./coordinator-data
  ottla coordinator controller.properties

Signals and exit codes are those of ottla broker.`

export function coordinatorCommand(start: StartNode): Command {
  const collect = (value: string, all: string[]) => [...all, value]
  return new Command('coordinator')
    .description('Run the coordinator of a cluster')
    .argument('[controller.properties]', 'a properties file with process.roles=controller')
    .option('--data-dir <dir>', 'where the metadata lies (log.dirs)')
    .option('--listen <host:port>', 'where brokers reach it', '127.0.0.1:9093')
    .option('--override <name=value>', 'one configuration, stronger than the file', collect, [])
    .addHelpText('after', help)
    .action(async (file: string | undefined, options: Options) => {
      const { dataDir, listen, override } = options
      // A file says it all; without one, these make a coordinator.
      const own = file === undefined ? coordinatorConfigs(listen) : []
      const args = [
        ...(file === undefined ? [] : [file]),
        ...(dataDir === undefined ? [] : ['--data-dir', dataDir]),
        ...[...own, ...override].flatMap((config) => ['--override', config]),
      ]
      await brokerCommand(start).parseAsync(args, { from: 'user' })
    })
}

/** What makes a node a coordinator that listens there. The id is far from those of brokers. */
export function coordinatorConfigs(listen: string): string[] {
  return [
    'process.roles=controller',
    'node.id=3000',
    `listeners=CONTROLLER://${listen}`,
    'controller.listener.names=CONTROLLER',
    `controller.quorum.voters=3000@${listen}`,
  ]
}
