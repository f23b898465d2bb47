import type { Command } from 'commander'
import { registerDrain } from './cluster-drain.ts'
import { registerElectLeaders } from './cluster-elect.ts'
import { registerClusterHealth } from './cluster-health.ts'
import { registerClusterInfo } from './cluster-info.ts'
import { registerReassign } from './cluster-reassign.ts'
import { registerRebuild } from './cluster-rebuild.ts'
import { registerClusterStart } from './cluster-start.ts'
import { registerTimeline } from './cluster-timeline.ts'

export function registerCluster(program: Command): void {
  const cluster = program
    .command('cluster')
    .description('Show the cluster and its health, move leaders and replicas')
    .addHelpText(
      'after',
      '\nExamples:\n  ottla cluster info\n  ottla cluster health --watch\n  ottla cluster reassign generate orders > plan.json',
    )
  registerClusterInfo(cluster)
  registerClusterHealth(cluster)
  registerElectLeaders(cluster)
  registerReassign(cluster)
  registerDrain(cluster)
  registerTimeline(cluster)
  registerClusterStart(cluster)
  registerRebuild(cluster)
}
