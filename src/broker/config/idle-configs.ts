/**
 * What Kafka has a configuration for and Ottla nothing that it could change: accepted, checked, kept and
 * shown, with the reason behind its documentation. Whatever would protect somebody is refused instead
 * (`broker-rules.ts`).
 */

const byReason: readonly (readonly [reason: string, names: RegExp])[] = [
  ['there are no share groups', /^(group\.share|share)\./],
  ['there are no streams groups', /^group\.streams\./],
  [
    'there is no tiered storage',
    /^(remote\.|log\.local\.|local\.retention\.|follower\.fetch\.last\.tiered\.)/,
  ],
  [
    'there are no transactions',
    /^(transaction\.(?!state\.log\.(num|segment|replication|min)\.)|transactional\.|add\.partitions\.to\.txn\.)/,
  ],
  [
    'no listener has TLS',
    /^(ssl\.|security\.providers$|connection\.failed\.authentication\.delay\.ms$)/,
  ],
  [
    'nobody has to log in',
    /^(sasl\.|delegation\.token\.|principal\.builder\.class$|connections\.max\.reauth\.ms$|early\.start\.listeners$)/,
  ],
  [
    'all is done by one event loop, or by the operating system',
    /^(num\.network\.threads|num\.io\.threads|background\.threads|num\.recovery\.threads\.per\.data\.dir|num\.replica\.alter\.log\.dirs\.threads|group\.coordinator\.(background\.)?threads|queued\.max\.requests|socket\.(send|receive)\.buffer\.bytes|socket\.listen\.backlog\.size|replica\.socket\.receive\.buffer\.bytes)$/,
  ],
  [
    'what waits is dropped at once, and nothing is kept for later',
    /^(fetch|producer|delete\.records)\.purgatory\.purge\.interval\.requests$/,
  ],
  [
    'groups write at once, and from no buffer of their own',
    /^(group\.coordinator\.(append\.linger\.ms|cached\.buffer\.max\.bytes)|offsets\.load\.buffer\.size)$/,
  ],
  [
    'no Java class is loaded',
    /^(config\.providers|create\.topic\.policy\.class\.name|alter\.config\.policy\.class\.name|client\.quota\.callback\.class|metric\.reporters|kafka\.metrics\.(reporters|polling\.interval\.secs))$/,
  ],
  ['quotas are stored and not enforced', /^(controller\.)?quota\.window\./],
  [
    'logs do not move between directories',
    /^(alter\.log\.dirs\.replication\.quota\.|replica\.alter\.log\.dirs\.io\.max\.bytes\.per\.second$|log\.dir\.failure\.timeout\.ms$)/,
  ],
  [
    'metrics are read when somebody asks',
    /^(metrics\.(num|sample|recording)|telemetry\.max\.bytes$)/,
  ],
  [
    "the coordinator and its journal take the controller's place, with leases and limits of their own",
    /^(broker\.(heartbeat\.interval|session\.timeout)\.ms|controller\.(socket|performance)\..*|controller\.quorum\.(?!voters$|bootstrap).*|(internal\.)?metadata\.(log|max)\..*|internal\.metadata\..*|server\.max\.startup\.time\.ms|unstable\.feature\.versions\.enable)$/,
  ],
  ['it is always so', /^controlled\.shutdown\.enable$/],
  [
    'connections are tried again at intervals of their own',
    /^(socket\.connection\.setup\.timeout(\.max)?\.ms|replica\.fetch\.backoff\.ms)$/,
  ],
  ['the codec has no levels here', /^compression\.lz4\.level$/],
]

/** Why a configuration changes nothing, or undefined: it does. */
export function idleReason(name: string): string | undefined {
  return byReason.find(([, names]) => names.test(name))?.[0]
}
