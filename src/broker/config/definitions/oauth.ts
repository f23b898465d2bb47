/** SASL/OAUTHBEARER. Names, defaults and limits: Kafka 4.3.1. */
import {
  boolean,
  className,
  definitions,
  int,
  list,
  long,
  password,
  string,
} from '../definition.ts'

export const oauthConfigs = definitions({
  'sasl.oauthbearer.jwt.retriever.class': className(
    'org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever',
    'Class that gets a token.',
  ),
  'sasl.oauthbearer.jwt.validator.class': className(
    'org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator',
    'Class that checks a token.',
  ),
  'sasl.oauthbearer.scope': string(null, 'Scope to ask for in a token request.'),
  'sasl.oauthbearer.client.credentials.client.id': string(
    null,
    'Client id for the client credentials grant.',
  ),
  'sasl.oauthbearer.client.credentials.client.secret': password(
    null,
    'Client secret for the client credentials grant.',
  ),
  'sasl.oauthbearer.assertion.algorithm': string(
    'RS256',
    'Algorithm that signs an assertion: RS256 or ES256.',
    { oneOfAnyCase: ['ES256', 'RS256'] },
  ),
  'sasl.oauthbearer.assertion.claim.aud': string(null, 'Audience claim of an assertion.'),
  'sasl.oauthbearer.assertion.claim.exp.seconds': int(
    300,
    'Seconds for which an assertion is valid.',
    { min: 0, max: 86400, importance: 'LOW' },
  ),
  'sasl.oauthbearer.assertion.claim.iss': string(null, 'Issuer claim of an assertion.'),
  'sasl.oauthbearer.assertion.claim.jti.include': boolean(
    false,
    'Whether an assertion has an id of its own.',
  ),
  'sasl.oauthbearer.assertion.claim.nbf.seconds': int(
    60,
    "Seconds that an assertion's not-before claim lies in the past.",
    { min: 0, max: 3600, importance: 'LOW' },
  ),
  'sasl.oauthbearer.assertion.claim.sub': string(null, 'Subject claim of an assertion.'),
  'sasl.oauthbearer.assertion.file': string(null, 'File with a ready-made assertion.'),
  'sasl.oauthbearer.assertion.private.key.file': string(
    null,
    'File with the key that signs assertions.',
  ),
  'sasl.oauthbearer.assertion.private.key.passphrase': password(
    null,
    'Passphrase of the key that signs assertions.',
  ),
  'sasl.oauthbearer.assertion.template.file': string(
    null,
    'File with the header and claims of an assertion.',
  ),
  'sasl.oauthbearer.scope.claim.name': string('scope', 'Name of the scope claim in a token.', {
    importance: 'LOW',
  }),
  'sasl.oauthbearer.sub.claim.name': string('sub', 'Name of the subject claim in a token.', {
    importance: 'LOW',
  }),
  'sasl.oauthbearer.token.endpoint.url': string(null, 'Address at which tokens are issued.'),
  'sasl.oauthbearer.jwks.endpoint.url': string(
    null,
    'Address of the keys that tokens are checked with.',
  ),
  'sasl.oauthbearer.jwks.endpoint.refresh.ms': long(
    3600000,
    'How often the keys are fetched again, in milliseconds.',
    { importance: 'LOW' },
  ),
  'sasl.oauthbearer.jwks.endpoint.retry.backoff.ms': long(
    100,
    'First wait in milliseconds between two attempts to fetch the keys.',
    { importance: 'LOW' },
  ),
  'sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms': long(
    10000,
    'Longest wait in milliseconds between two attempts to fetch the keys.',
    { importance: 'LOW' },
  ),
  'sasl.oauthbearer.clock.skew.seconds': int(
    30,
    'Seconds by which the clocks of issuer and broker may differ.',
    { importance: 'LOW' },
  ),
  'sasl.oauthbearer.expected.audience': list([], 'Audiences of which a token must name one.', {
    importance: 'HIGH',
  }),
  'sasl.oauthbearer.expected.issuer': string(null, 'Issuer that a token must name.', {
    importance: 'HIGH',
  }),
})
