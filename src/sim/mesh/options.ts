import { choice, count, type OptionValues, presetOf, readWords, text, yesNo } from '../options.ts';

/** Every option of the node with its values, its preset and what it decides. No option makes it wrong; that is what faults are for. */
export const OPTION_TABLE = {
  radio: text('', 'radio that it joins, tcp://host:port; empty: one of its own'),
  roles: text('update', 'update, distribution, update-client, distribution-client, with commas'),
  modes: choice(['push', 'pull', 'both'], 'both', 'transfer modes of the Update Server'),
  uploadModes: choice(['push', 'pull', 'both'], 'both', 'transfer modes of uploads to the Distribution Server'),
  images: count(4, 'images that the distributor keeps'),
  receivers: count(8, 'receivers that the distributor takes'),
  oob: yesNo('no', 'the distributor retrieves images over HTTP'),
  https: yesNo('no', 'and over HTTPS'),
  ca: text('', 'file with the certificates (PEM) that web servers are trusted by, from the state folder on'),
  clientLog: count(10, 'block size log that the clients want'),
  clientChunk: count(64, 'chunk size that the clients want'),
  static: text('', 'static OOB value of provisioning, hexadecimal; empty: no OOB'),
  output: yesNo('no', 'provisioning by a number that the device shows: console verb shown'),
  input: yesNo('no', 'provisioning by a number that is entered: console verb enter'),
  hmac: yesNo('yes', 'the enhanced algorithm of provisioning is offered'),
  lowPower: yesNo('no', 'Low Power feature in the composition'),
  minLog: count(6, 'smallest block size log'),
  maxLog: count(12, 'largest block size log'),
  maxChunks: count(64, 'most chunks of a block'),
  maxChunk: count(64, 'most octets of a chunk'),
  maxBlob: count(16_384, 'most octets of a BLOB'),
  blobMtu: count(380, 'server MTU'),
  wanted: count(4, 'chunks of one Partial Block Report'),
  reportMs: count(10_000, 'time between Partial Block Reports, protocol time'),
  verifyMs: count(2000, 'verification of an image, protocol time'),
  applyMs: count(2000, 'installation of an image, protocol time'),
  bootMs: count(300, 'restart, link time'),
  identityMs: count(60_000, 'Node Identity advertising after provisioning, protocol time'),
  uri: text('', 'URI that it shows beside its firmware id'),
} as const;

/** The options of one node. */
export type Options = OptionValues<typeof OPTION_TABLE>;

/** The node that leaves the factory. */
export function presetOptions(changes: Partial<Options> = {}): Options {
  return presetOf(OPTION_TABLE, changes);
}

/** Reads `key=value` words. Throws InputErrors with one error for each word that is wrong. */
export function readOptions(words: readonly string[]): Options {
  return readWords(OPTION_TABLE, words);
}
