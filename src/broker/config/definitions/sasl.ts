/** SASL. Names, defaults and limits: Kafka 4.3.1. */
import {
  className,
  definitions,
  double,
  int,
  list,
  long,
  password,
  short,
  string,
} from '../definition.ts'

export const saslConfigs = definitions({
  'sasl.server.max.receive.size': int(
    524288,
    'Most bytes accepted before and during SASL authentication.',
  ),
  'sasl.mechanism.inter.broker.protocol': string('GSSAPI', 'SASL mechanism used among brokers.', {
    dynamic: 'per-broker',
  }),
  'sasl.mechanism.controller.protocol': string(
    'GSSAPI',
    'SASL mechanism used to talk to controllers.',
    { importance: 'HIGH' },
  ),
  'sasl.enabled.mechanisms': list(['GSSAPI'], 'SASL mechanisms that clients may use.', {
    dynamic: 'per-broker',
  }),
  'sasl.server.callback.handler.class': className(
    null,
    'Class that checks credentials on the server.',
  ),
  'sasl.kerberos.principal.to.local.rules': list(
    ['DEFAULT'],
    'Rules that make short user names out of Kerberos principals.',
    { dynamic: 'per-broker' },
  ),
  'sasl.jaas.config': password(null, 'Login of a listener and mechanism in JAAS form.', {
    dynamic: 'per-broker',
  }),
  'sasl.client.callback.handler.class': className(
    null,
    'Class that supplies credentials on the client side.',
  ),
  'sasl.login.class': className(null, 'Class that logs in.'),
  'sasl.login.callback.handler.class': className(null, 'Class that supplies what a login needs.'),
  'sasl.kerberos.service.name': string(null, 'Kerberos name that Kafka runs as.', {
    dynamic: 'per-broker',
  }),
  'sasl.kerberos.kinit.cmd': string('/usr/bin/kinit', "Path of Kerberos' kinit.", {
    dynamic: 'per-broker',
  }),
  'sasl.kerberos.ticket.renew.window.factor': double(
    0.8,
    "Share of a ticket's life after which it is renewed.",
    { dynamic: 'per-broker' },
  ),
  'sasl.kerberos.ticket.renew.jitter': double(0.05, 'Random share added to the time of renewal.', {
    dynamic: 'per-broker',
  }),
  'sasl.kerberos.min.time.before.relogin': long(
    60000,
    'Least time in milliseconds between two attempts to renew a ticket.',
    { dynamic: 'per-broker' },
  ),
  'sasl.login.refresh.window.factor': double(
    0.8,
    "Share of a credential's life after which it is refreshed.",
    { dynamic: 'per-broker' },
  ),
  'sasl.login.refresh.window.jitter': double(0.05, 'Random share added to the time of refresh.', {
    dynamic: 'per-broker',
  }),
  'sasl.login.refresh.min.period.seconds': short(
    60,
    'Least seconds before a credential is refreshed.',
    { dynamic: 'per-broker' },
  ),
  'sasl.login.refresh.buffer.seconds': short(
    300,
    'Seconds kept between the refresh of a credential and its end.',
    { dynamic: 'per-broker' },
  ),
  'sasl.login.connect.timeout.ms': int(
    null,
    'How long a connection to the identity provider may take, in milliseconds.',
    { importance: 'LOW' },
  ),
  'sasl.login.read.timeout.ms': int(
    null,
    'How long an answer of the identity provider may take, in milliseconds.',
    { importance: 'LOW' },
  ),
  'sasl.login.retry.backoff.max.ms': long(
    10000,
    'Longest wait in milliseconds between two login attempts.',
    { importance: 'LOW' },
  ),
  'sasl.login.retry.backoff.ms': long(
    100,
    'First wait in milliseconds between two login attempts.',
    { importance: 'LOW' },
  ),
})
