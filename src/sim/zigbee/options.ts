import { choice, count, type OptionValues, presetOf, readWords, text, yesNo } from '../options.ts';

// Everything in which conforming devices differ. No option makes the device wrong; that is what faults are for. Times are protocol seconds.

/** Every option of the device with its values, its preset and what it decides. */
export const OPTION_TABLE = {
  role: choice(['client', 'server'], 'client', 'side of the OTA Upgrade cluster that the node has'),
  port: text('0', 'TCP port of the dongle; 0: the system chooses'),
  network: text('', 'PAN/EXTENDED-PAN/KEY/CHANNEL that an empty dongle already holds (hex, hex, hex, decimal)'),
  hop: count(1, 'real milliseconds that a frame is in the air'),
  installCode: text(
    'none',
    'install code with its CRC, hex, that the node joins with; none: it joins any open network',
  ),
  joined: yesNo('no', 'the node belongs to the network from the start, without permit-join'),
  manufacturer: text('1234', 'manufacturer code, hex'),
  imageType: text('0001', 'image type, hex'),
  version: text('00000001', 'file version that the node leaves the factory with, hex'),
  hardware: text('none', 'hardware version, hex, or none'),
  stack: count(2, 'Zigbee stack version'),
  revision: choice(['1', '2', '3', '4'], '4', 'ClusterRevision; 2 counts block periods in seconds'),
  rebootS: count(2, 'from the switch to the new version to the Device Announce'),
  negative: choice(['firstColumn', 'alsoSeen'], 'firstColumn', 'status of Default Responses where stacks disagree'),
  page: yesNo('no', 'image pages'),
  specific: yesNo('no', 'device specific files'),
  down: yesNo('no', 'lower versions'),
  same: yesNo('no', 'the same version again, after a unicast notify'),

  // Client
  attributes: text('all', 'optional attributes of the client by hex id, with commas; all, or none'),
  maxData: count(63, 'octets asked for in a block'),
  pageSize: count(512, 'octets asked for in a page'),
  spacing: count(20, 'milliseconds between the blocks of a page'),
  eui: yesNo('no', 'EUI-64 in block requests'),
  rate: yesNo('no', 'minimum block period in block requests'),
  notify: yesNo('yes', 'acts upon Image Notify'),
  broadcast: yesNo('yes', 'acts upon an Image Notify that is broadcast'),
  jitter: choice(['lessOrEqual', 'less'], 'lessOrEqual', 'comparison of the number drawn with the query jitter'),
  foreignNotify: choice(['query', 'none'], 'query', 'unicast notify that names a foreign manufacturer or image type'),
  verify: text('int', 'checks of a file, with commas: int, sig1, sig2, vendor; none'),
  coverage: choice(['either', 'before', 'withHeader'], 'either', 'octets that the integrity code must cover'),
  multi: yesNo('no', 'a file with the header string "first of two" needs a second one, of the next image type'),
  delta: yesNo('no', 'files are patches of the version that runs'),
  oob: yesNo('no', 'UpgradeActivationPolicy 1: the upgrade is started out of band'),
  timeoutPolicy: choice(['apply', 'stay'], 'apply', 'end request that is never answered'),
  sleepy: yesNo('no', 'hears no broadcast but one to every node'),
  resume: yesNo('yes', 'a download goes on after a power cycle'),
  poll: count(86_400, 'seconds between queries'),
  polls: yesNo('no', 'queries without being told'),
  joinQuery: count(30, 'seconds from joining to the first query'),
  blockTimeout: count(5, 'seconds until a request is repeated'),
  retries: count(10, 'repeats of one request'),
  endRetry: count(3600, 'seconds until a client that was told to wait asks again'),
  storage: count(262_144, 'octets of the largest file'),
  tooLarge: choice(['atOffer', 'later'], 'atOffer', 'when a file that is too large is refused'),
  pastTime: choice(['atOnce', 'wait'], 'atOnce', 'request or upgrade time before the current time'),
  endStatus: choice(['2', '3'], '2', 'ImageUpgradeStatus while the end request is unanswered'),

  // Server
  images: text('', 'OTA files, with commas'),
  maxBlock: count(63, 'octets of the largest block sent'),
  notifyRule: choice(['seed003', 'any'], 'any', 'seed003: unicast for device specific files, else broadcast'),
  hwrange: yesNo('yes', 'chooses by hardware version'),
  serverWait: yesNo('no', 'puts clients off with WAIT_FOR_DATA at the start of a download'),
  delay: text('1', 'seconds from the end of a download to the upgrade'),
} as const;

export type Options = OptionValues<typeof OPTION_TABLE>;

/** The presets, with changes. */
export function options(changes: Partial<Options> = {}): Options {
  return presetOf(OPTION_TABLE, changes);
}

/** Reads `key=value` words. Throws InputErrors with one error for each word that is wrong. */
export function readOptions(words: readonly string[]): Options {
  return readWords(OPTION_TABLE, words);
}

/** The values of a list with commas; none where it says so. */
export function listed(value: string): readonly string[] {
  return value === 'none' || value === '' ? [] : value.split(',');
}
