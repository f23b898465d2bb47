/** TLS, principals, authorizer and delegation tokens. Names, defaults and limits: Kafka 4.3.1. */
import { boolean, className, definitions, list, long, password, string } from '../definition.ts'

export const securityConfigs = definitions({
  'authorizer.class.name': string(
    '',
    'Authorizer that decides which principal may do what; empty for none.',
    { importance: 'LOW' },
  ),
  'security.providers': string(null, 'Classes that provide security algorithms.', {
    importance: 'LOW',
  }),
  'principal.builder.class': className(
    'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder',
    'Class that makes a principal from an authenticated connection.',
    { dynamic: 'per-broker' },
  ),
  'ssl.client.auth': string(
    'none',
    'Whether clients must, may or need not show a certificate: required, requested, none.',
    { oneOf: ['required', 'requested', 'none'], dynamic: 'per-broker' },
  ),
  'ssl.principal.mapping.rules': string(
    'DEFAULT',
    "Rules that make a short user name out of a certificate's distinguished name.",
    { importance: 'LOW' },
  ),
  'ssl.allow.dn.changes': boolean(
    false,
    'Whether a dynamic change of the key store may change the distinguished name.',
    { importance: 'LOW' },
  ),
  'ssl.allow.san.changes': boolean(
    false,
    'Whether a dynamic change of the key store may change the alternative names.',
    { importance: 'LOW' },
  ),
  'ssl.protocol': string('TLSv1.3', 'TLS version to use by default.', { dynamic: 'per-broker' }),
  'ssl.provider': string(null, 'Name of the security provider for TLS.', { dynamic: 'per-broker' }),
  'ssl.enabled.protocols': list(['TLSv1.2', 'TLSv1.3'], 'TLS versions that are accepted.', {
    dynamic: 'per-broker',
  }),
  'ssl.keystore.type': string('JKS', 'Format of the key store: PEM, PKCS12 or JKS.', {
    dynamic: 'per-broker',
  }),
  'ssl.keystore.location': string(null, "File with the server's key and certificate.", {
    dynamic: 'per-broker',
  }),
  'ssl.keystore.password': password(null, 'Password of the key store.', { dynamic: 'per-broker' }),
  'ssl.key.password': password(null, 'Password of the private key.', { dynamic: 'per-broker' }),
  'ssl.keystore.key': password(null, 'Private key in PEM form.', { dynamic: 'per-broker' }),
  'ssl.keystore.certificate.chain': password(null, 'Certificate chain in PEM form.', {
    dynamic: 'per-broker',
  }),
  'ssl.truststore.type': string('JKS', 'Format of the trust store: PEM, PKCS12 or JKS.', {
    dynamic: 'per-broker',
  }),
  'ssl.truststore.location': string(null, 'File with the certificates of trusted authorities.', {
    dynamic: 'per-broker',
  }),
  'ssl.truststore.password': password(null, 'Password of the trust store.', {
    dynamic: 'per-broker',
  }),
  'ssl.truststore.certificates': password(
    null,
    'Certificates of trusted authorities in PEM form.',
    { dynamic: 'per-broker' },
  ),
  'ssl.keymanager.algorithm': string('SunX509', "Algorithm of Java's key manager.", {
    dynamic: 'per-broker',
  }),
  'ssl.trustmanager.algorithm': string('PKIX', "Algorithm of Java's trust manager.", {
    dynamic: 'per-broker',
  }),
  'ssl.endpoint.identification.algorithm': string(
    'https',
    'How the host name in a certificate is checked; empty for not at all.',
    { importance: 'LOW', dynamic: 'per-broker' },
  ),
  'ssl.secure.random.implementation': string(null, 'Random number generator for TLS.', {
    importance: 'LOW',
    dynamic: 'per-broker',
  }),
  'ssl.cipher.suites': list([], 'Cipher suites that are allowed; empty for the defaults.', {
    dynamic: 'per-broker',
  }),
  'ssl.engine.factory.class': className(null, 'Class that makes TLS engines.', {
    importance: 'LOW',
    dynamic: 'per-broker',
  }),
  'delegation.token.secret.key': password(
    null,
    'Secret that delegation tokens are made and checked with; the same on every node.',
  ),
  'delegation.token.max.lifetime.ms': long(
    604800000,
    'Life in milliseconds beyond which a delegation token cannot be renewed.',
    { min: 1 },
  ),
  'delegation.token.expiry.time.ms': long(
    86400000,
    'Milliseconds for which a delegation token is valid until it is renewed.',
    { min: 1 },
  ),
  'delegation.token.expiry.check.interval.ms': long(
    3600000,
    'How often to look for expired delegation tokens, in milliseconds.',
    { min: 1, importance: 'LOW' },
  ),
})
