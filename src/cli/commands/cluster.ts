import type { Command } from 'commander'
import { registerClusterInfo } from './cluster-info.ts'
import { registerClusterStart } from './cluster-start.ts'

export function registerCluster(program: Command): void {
  const cluster = program
    .command('cluster')
    .description('Show the cluster, its brokers, versions, features and directories')
  registerClusterInfo(cluster)
  registerClusterStart(cluster)
}
