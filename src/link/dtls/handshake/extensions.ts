import { HandshakeError } from '../failure.ts';
import { counted, u16, u8, vector } from '../../../core/layout/fields.ts';
import type { Layout, Value } from '../../../core/layout/layout.ts';
import { body } from './body.ts';
import { EXTENSION, printNumber } from '../numbers.ts';
import type { Extension } from './messages.ts';

/** One kind of hello extension: how its body is written and found. */
export interface ExtensionKind<T> {
  readonly type: number;
  make(body: T): Extension;
  /** The body, undefined where the hello lacks it. HandshakeError where it is malformed or there twice. */
  find(extensions: readonly Extension[] | undefined): T | undefined;
}

function kind<const L extends Layout>(type: number, layout: L): ExtensionKind<Value<L>> {
  const name = `extension ${printNumber(EXTENSION, type)}`;
  const fields = body(name, layout);
  return {
    type,
    make: (values) => ({ type, data: fields.encode(values) }),
    find(extensions = []) {
      const [found, second] = extensions.filter((one) => one.type === type);
      if (second !== undefined) throw new HandshakeError('illegal_parameter', `${name} is there twice`);
      return found === undefined ? undefined : fields.decode(found.data);
    },
  };
}

export const supportedGroups = kind(EXTENSION.supportedGroups, { groups: vector(16, u16) });
export const pointFormats = kind(EXTENSION.pointFormats, { formats: vector(8, u8) });
export const signatureAlgorithms = kind(EXTENSION.signatureAlgorithms, { algorithms: vector(16, u16) });
export const extendedMasterSecret = kind(EXTENSION.extendedMasterSecret, {});
/** RFC 9146 3: the connection id that the sender of the hello wants to see; empty for none. */
export const connectionId = kind(EXTENSION.connectionId, { cid: counted(8) });
export const renegotiationInfo = kind(EXTENSION.renegotiationInfo, { verifyData: counted(8) });

/** RFC 7250 3: a client lists types, the server answers with one. */
export const certificateTypes = {
  ofClient: {
    offer: kind(EXTENSION.clientCertificateType, { types: vector(8, u8) }),
    answer: kind(EXTENSION.clientCertificateType, { type: u8 }),
  },
  ofServer: {
    offer: kind(EXTENSION.serverCertificateType, { types: vector(8, u8) }),
    answer: kind(EXTENSION.serverCertificateType, { type: u8 }),
  },
} as const;
