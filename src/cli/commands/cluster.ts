import type { Command } from 'commander'
import { registerClusterInfo } from './cluster-info.ts'

export function registerCluster(program: Command): void {
  const cluster = program
    .command('cluster')
    .description('Show the cluster, its brokers, versions, features and directories')
  registerClusterInfo(cluster)
}
