import { list, present, toEnd, uint, when } from '../../core/layout/fields.ts';
import { global } from './command.ts';
import { typed } from './dataTypes.ts';
import { code, status } from './fields.ts';
import { zclStatus } from './numbers.ts';

const { SUCCESS } = zclStatus;

/** One record for each attribute asked for; a value only where it could be read. */
export const readAttributesResponse = global(
  0x01,
  'Read Attributes Response',
  { records: list({ attribute: code, status: status(), value: when('status', SUCCESS, typed) }) },
  { clause: '2.5.2', answers: true },
);

/** Asks for values; addressed to the side, client or server, that has the attributes. */
export const readAttributes = global(
  0x00,
  'Read Attributes',
  { attributes: toEnd(code) },
  { clause: '2.5.1', reply: readAttributesResponse },
);

/** SUCCESS alone where all were written, else one record for each attribute that was not. */
export const writeAttributesResponse = global(
  0x04,
  'Write Attributes Response',
  {
    records: list({
      status: status(),
      attribute: present(code, (reader, before) => before['status'] !== SUCCESS || reader.left > 0),
    }),
  },
  { clause: '2.5.5', answers: true },
);

/** Sets attributes, each on its own. */
export const writeAttributes = global(
  0x02,
  'Write Attributes',
  { records: list({ attribute: code, value: typed }) },
  { clause: '2.5.3', reply: writeAttributesResponse },
);

/** What became of a command that has no answer of its own, or that could not be carried out. */
export const defaultResponse = global(
  0x0b,
  'Default Response',
  { command: uint(8, { hex: true }), status: status() },
  { clause: '2.5.12', answers: true },
);

/** The global commands that the OTA tests use. */
export const globalCommands = [
  readAttributes,
  readAttributesResponse,
  writeAttributes,
  writeAttributesResponse,
  defaultResponse,
];
