import { u16 } from '../hci.ts';
import type { Attribute, GattTable } from './gatt.ts';
import { gattType } from './gatt.ts';

/** Opcodes of the Attribute Protocol (Core specification, Vol 3 Part F 3.4). */
export const att = {
  ERROR: 0x01,
  MTU_REQUEST: 0x02,
  MTU_RESPONSE: 0x03,
  FIND_INFORMATION: 0x04,
  FIND_BY_TYPE_VALUE: 0x06,
  READ_BY_TYPE: 0x08,
  READ: 0x0a,
  READ_BLOB: 0x0c,
  READ_BY_GROUP_TYPE: 0x10,
  WRITE_REQUEST: 0x12,
  WRITE_RESPONSE: 0x13,
  NOTIFICATION: 0x1b,
  WRITE_COMMAND: 0x52,
} as const;

/** ATT errors (3.4.1.1). */
export const attError = {
  INVALID_HANDLE: 0x01,
  READ_NOT_PERMITTED: 0x02,
  WRITE_NOT_PERMITTED: 0x03,
  INVALID_PDU: 0x04,
  REQUEST_NOT_SUPPORTED: 0x06,
  INVALID_OFFSET: 0x07,
  ATTRIBUTE_NOT_FOUND: 0x0a,
  UNSUPPORTED_GROUP_TYPE: 0x10,
} as const;

/** ATT_MTU before an exchange. */
export const LEAST_MTU = 23;
const LONG_UUID_OCTETS = 16;
/** A command has this bit in its opcode: it is never answered. */
const COMMAND_BIT = 0x40;
/** The confirmation of an indication needs no answer either. */
const CONFIRMATION = 0x1e;

/** One client, for as long as its connection lasts. */
export interface AttClient {
  /** Agreed size of an ATT PDU. */
  mtu: number;
  /** What the client wrote to each client characteristic configuration. */
  readonly configuration: Map<number, number>;
}

/** Thrown within the server: becomes the error response. */
class AttError extends Error {
  readonly code: number;
  readonly handle: number;

  constructor(code: number, handle = 0) {
    super(`ATT error ${code}`);
    this.code = code;
    this.handle = handle;
  }
}

/** What each request needs at least, and what it gives: an answer, or nothing for a command. */
interface Request {
  readonly octets: number;
  run(server: AttServer, pdu: Buffer): Buffer | undefined;
}

/** The server side of the Attribute Protocol for one client. */
export class AttServer implements AttClient {
  mtu: number = LEAST_MTU;
  readonly configuration = new Map<number, number>();
  readonly table: GattTable;
  readonly ownMtu: number;

  /** `ownMtu`: what the server offers in the exchange. */
  constructor(table: GattTable, ownMtu: number) {
    this.table = table;
    this.ownMtu = ownMtu;
  }

  /** Takes a PDU; returns the answer, where one is due. */
  receive(pdu: Buffer): Buffer | undefined {
    const [opcode = 0] = pdu;
    const request = REQUESTS[opcode];
    const silent = (opcode & COMMAND_BIT) !== 0 || opcode === CONFIRMATION;
    try {
      if (request === undefined) throw new AttError(attError.REQUEST_NOT_SUPPORTED);
      if (pdu.length < request.octets) throw new AttError(attError.INVALID_PDU);
      return request.run(this, pdu);
    } catch (e) {
      if (!(e instanceof AttError)) throw e;
      return silent ? undefined : Buffer.concat([Buffer.of(att.ERROR, opcode), u16(e.handle), Buffer.of(e.code)]);
    }
  }

  /** The notification of a value, cut to what fits. */
  notification(handle: number, value: Buffer): Buffer {
    return Buffer.concat([Buffer.of(att.NOTIFICATION), u16(handle), value]).subarray(0, this.mtu);
  }

  at(handle: number): Attribute {
    const found = this.table.attributes[handle - 1];
    if (found === undefined) throw new AttError(attError.INVALID_HANDLE, handle);
    return found;
  }

  value(attribute: Attribute): Buffer {
    if (attribute.read === undefined) throw new AttError(attError.READ_NOT_PERMITTED, attribute.handle);
    return attribute.read(this);
  }

  write(handle: number, value: Buffer, way: 'request' | 'command'): void {
    const attribute = this.at(handle);
    if (attribute.writable?.[way] !== true) throw new AttError(attError.WRITE_NOT_PERMITTED, handle);
    const refused = attribute.write?.(value, this);
    if (refused !== undefined) throw new AttError(refused, handle);
  }

  /** The attributes within the handles of a request. */
  range(pdu: Buffer): readonly Attribute[] {
    const [first, last] = [pdu.readUInt16LE(1), pdu.readUInt16LE(3)];
    if (first === 0 || first > last) throw new AttError(attError.INVALID_HANDLE, first);
    return this.table.attributes.filter(({ handle }) => handle >= first && handle <= last);
  }

  /** As many entries as fit; all have the size of the first, which the answer names after its opcode. */
  list(opcode: number, first: number, entries: readonly Buffer[]): Buffer {
    const size = entries[0]?.length;
    if (size === undefined) throw new AttError(attError.ATTRIBUTE_NOT_FOUND, first);
    const differs = entries.findIndex((entry) => entry.length !== size);
    const alike = differs === -1 ? entries : entries.slice(0, differs);
    const room = Math.max(1, Math.floor((this.mtu - 2) / size));
    return Buffer.concat([Buffer.of(opcode + 1, size), ...alike.slice(0, room)]).subarray(0, this.mtu);
  }
}

const REQUESTS: Readonly<Record<number, Request>> = {
  [att.MTU_REQUEST]: {
    octets: 3,
    run(server, pdu) {
      server.mtu = Math.max(LEAST_MTU, Math.min(server.ownMtu, pdu.readUInt16LE(1)));
      return Buffer.concat([Buffer.of(att.MTU_RESPONSE), u16(server.ownMtu)]);
    },
  },
  [att.FIND_INFORMATION]: {
    octets: 5,
    run(server, pdu) {
      const entries = server.range(pdu).map(({ handle, type }) => Buffer.concat([u16(handle), type]));
      const answer = server.list(att.FIND_INFORMATION, pdu.readUInt16LE(1), entries);
      // Here the octet names the format, not the size.
      answer[1] = entries[0]?.length === 2 + LONG_UUID_OCTETS ? 2 : 1;
      return answer;
    },
  },
  [att.FIND_BY_TYPE_VALUE]: {
    octets: 7,
    run(server, pdu) {
      const [type, value] = [pdu.subarray(5, 7), pdu.subarray(7)];
      const found = server
        .range(pdu)
        .filter((each) => each.type.equals(type) && each.read?.(server).equals(value) === true)
        .map(({ handle, groupEnd }) => Buffer.concat([u16(handle), u16(groupEnd ?? handle)]));
      if (found.length === 0) throw new AttError(attError.ATTRIBUTE_NOT_FOUND, pdu.readUInt16LE(1));
      return Buffer.concat([
        Buffer.of(att.FIND_BY_TYPE_VALUE + 1),
        ...found.slice(0, Math.floor((server.mtu - 1) / 4)),
      ]);
    },
  },
  [att.READ_BY_TYPE]: {
    octets: 7,
    run(server, pdu) {
      const type = pdu.subarray(5);
      const found = server.range(pdu).filter((each) => each.type.equals(type));
      const entries = found.map((each) => Buffer.concat([u16(each.handle), server.value(each)]));
      return server.list(att.READ_BY_TYPE, pdu.readUInt16LE(1), entries);
    },
  },
  [att.READ]: {
    octets: 3,
    run(server, pdu) {
      const value = server.value(server.at(pdu.readUInt16LE(1)));
      return Buffer.concat([Buffer.of(att.READ + 1), value]).subarray(0, server.mtu);
    },
  },
  [att.READ_BLOB]: {
    octets: 5,
    run(server, pdu) {
      const [handle, offset] = [pdu.readUInt16LE(1), pdu.readUInt16LE(3)];
      const value = server.value(server.at(handle));
      if (offset > value.length) throw new AttError(attError.INVALID_OFFSET, handle);
      return Buffer.concat([Buffer.of(att.READ_BLOB + 1), value.subarray(offset)]).subarray(0, server.mtu);
    },
  },
  [att.READ_BY_GROUP_TYPE]: {
    octets: 7,
    run(server, pdu) {
      const first = pdu.readUInt16LE(1);
      if (!pdu.subarray(5).equals(u16(gattType.PRIMARY_SERVICE)))
        throw new AttError(attError.UNSUPPORTED_GROUP_TYPE, first);
      const entries = server
        .range(pdu)
        .filter(({ groupEnd }) => groupEnd !== undefined)
        .map((each) => Buffer.concat([u16(each.handle), u16(each.groupEnd ?? each.handle), server.value(each)]));
      return server.list(att.READ_BY_GROUP_TYPE, first, entries);
    },
  },
  [att.WRITE_REQUEST]: {
    octets: 3,
    run(server, pdu) {
      server.write(pdu.readUInt16LE(1), Buffer.from(pdu.subarray(3)), 'request');
      return Buffer.of(att.WRITE_RESPONSE);
    },
  },
  [att.WRITE_COMMAND]: {
    octets: 3,
    run(server, pdu) {
      server.write(pdu.readUInt16LE(1), Buffer.from(pdu.subarray(3)), 'command');
      return undefined;
    },
  },
};
