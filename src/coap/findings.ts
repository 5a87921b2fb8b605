/** How much a finding weighs: `must` contradicts the RFC, `should` its advice, `note` may as well be the network's or a legitimate choice. */
export type Level = 'must' | 'should' | 'note';

interface RuleRow {
  readonly level: Level;
  readonly clause: string;
  /** What conforming behaviour looks like. */
  readonly rule: string;
}

/** Everything that the layer reports about a peer instead of repairing it. */
export const RULES = {
  duplicate: { level: 'note', clause: 'RFC 7252 4.5', rule: 'a message arrives once' },
  source: { level: 'must', clause: 'RFC 7252 5.3.2', rule: 'a response comes from where the request went' },
  token: { level: 'must', clause: 'RFC 7252 5.3.2', rule: 'a response carries the token of the request' },
  options: {
    level: 'must',
    clause: 'RFC 7252 5.4',
    rule: 'options are known if critical, not repeated, of allowed length',
  },
  malformed: { level: 'must', clause: 'RFC 7252 3', rule: 'messages are well-formed' },
  'block1-missing': {
    level: 'should',
    clause: 'RFC 7959 2.3',
    rule: 'the answer to a block carries the Block1 option',
  },
  'block1-number': { level: 'must', clause: 'RFC 7959 2.3', rule: 'the answer echoes the number of the block' },
  'block1-more': { level: 'must', clause: 'RFC 7959 2.3', rule: 'M is set in 2.31 and clear in the final answer' },
  'block1-grew': { level: 'must', clause: 'RFC 7959 2.3', rule: 'the answer does not ask for larger blocks' },
  'block1-reserved': { level: 'must', clause: 'RFC 7959 2.2', rule: 'size exponent 7 is not used' },
  'block1-early': { level: 'must', clause: 'RFC 7959 2.3', rule: 'a final answer waits for the final block' },
  'block1-endless': { level: 'must', clause: 'RFC 7959 2.3', rule: '2.31 does not answer the final block' },
  'block1-stopped': { level: 'note', clause: 'RFC 7959 2.9', rule: 'the transfer is carried to its end' },
  'block2-missing': {
    level: 'must',
    clause: 'RFC 7959 2.4',
    rule: 'the answer to a request for a block carries Block2',
  },
  'block2-number': { level: 'must', clause: 'RFC 7959 2.4', rule: 'the answer holds the block that was asked for' },
  'block2-length': {
    level: 'must',
    clause: 'RFC 7959 2.2',
    rule: 'every block but the last is full, the last is not empty',
  },
  'block2-grew': { level: 'must', clause: 'RFC 7959 2.4', rule: 'blocks are not larger than asked for' },
  'block2-reserved': { level: 'must', clause: 'RFC 7959 2.2', rule: 'size exponent 7 is not used' },
  'block2-changed': { level: 'should', clause: 'RFC 7959 2.4', rule: 'the block size stays once it is agreed' },
  'block2-etag': { level: 'note', clause: 'RFC 7959 2.4', rule: 'all blocks are of one representation (one ETag)' },
  'block2-no-etag': { level: 'should', clause: 'RFC 7959 2.4', rule: 'a body in several blocks carries an ETag' },
  'block2-format': { level: 'must', clause: 'RFC 7959 2.4', rule: 'all blocks have one Content-Format' },
  'block2-size2': { level: 'should', clause: 'RFC 7959 4', rule: 'Size2 is the size of the body' },
  'block2-stopped': { level: 'note', clause: 'RFC 7959 2.4', rule: 'the transfer is carried to its end' },
  'observe-order': { level: 'note', clause: 'RFC 7641 3.4', rule: 'notifications arrive in order' },
  'upload-number': { level: 'must', clause: 'RFC 7959 2.5', rule: 'blocks are sent one after the other from 0' },
  'upload-restarted': { level: 'note', clause: 'RFC 7959 2.5', rule: 'an upload is carried to its end' },
  'upload-repeated': { level: 'note', clause: 'RFC 7959 2.5', rule: 'a block is sent once' },
  'upload-length': { level: 'must', clause: 'RFC 7959 2.2', rule: 'every block but the last is full' },
  'upload-reserved': { level: 'must', clause: 'RFC 7959 2.2', rule: 'size exponent 7 is not used' },
  'upload-grew': { level: 'must', clause: 'RFC 7959 2.3', rule: 'blocks are not larger than the server asked for' },
  'upload-size1': { level: 'should', clause: 'RFC 7959 4', rule: 'Size1 is the size of the body' },
  'download-reserved': { level: 'must', clause: 'RFC 7959 2.2', rule: 'size exponent 7 is not used' },
  'download-more': { level: 'note', clause: 'RFC 7959 2.4', rule: 'M is clear in a request for a block' },
  'download-past-end': { level: 'must', clause: 'RFC 7959 2.4', rule: 'blocks past the end are not asked for' },
} as const satisfies Readonly<Record<string, RuleRow>>;

export type Rule = keyof typeof RULES;

/** One observation about the peer, for the judge to weigh. */
export interface Finding {
  readonly rule: Rule;
  readonly expected: string;
  readonly observed: string;
  /** Number of the event that shows it. */
  readonly at: number;
}

/** Where findings go while something is under way. */
export type Report = (rule: Rule, expected: string, observed: string, at: number) => void;

/** `block2-number (must, RFC 7959 2.4): expected block 1/./64, observed 2/1/64`. */
export function printFinding({ rule, expected, observed }: Pick<Finding, 'rule' | 'expected' | 'observed'>): string {
  const { level, clause } = RULES[rule];
  return `${rule} (${level}, ${clause}): expected ${expected}, observed ${observed}`;
}
