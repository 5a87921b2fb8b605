import { clusterRevision } from '../../../zigbee/codec/attributes.ts';
import type { CommandValue } from '../../../zigbee/codec/command.ts';
import { decodeFrame, valueOf } from '../../../zigbee/codec/frame.ts';
import { defaultResponse } from '../../../zigbee/codec/global.ts';
import { direction, frameType, OTA_CLUSTER, UNTIL_TOLD, wildCard, zclStatus } from '../../../zigbee/codec/numbers.ts';
import {
  imageBlockRequest,
  imagePageRequest,
  queryNextImageRequest,
  queryNextImageResponse,
  querySpecificFileRequest,
  querySpecificFileResponse,
  upgradeEndRequest,
  upgradeEndResponse,
} from '../../../zigbee/codec/ota.ts';
import { type ApsFrame, isBroadcast } from '../air.ts';
import { BASIC_CLUSTER, basicAttributes } from '../basic.ts';
import type { Application, Node } from '../node.ts';
import {
  answerGlobal,
  HOME_AUTOMATION,
  type Incoming,
  OTA_ENDPOINT,
  type Peer,
  UNSUPPORTED_CLUSTER,
  ZclPort,
} from '../zcl.ts';
import type { Endpoint } from '../zdo.ts';
import { BlockService, type ServerParts } from './blocks.ts';
import { chooseImage, imageOf, type StoredImage } from './images.ts';

/** A configuration tool. */
const DEVICE = 0x0005;
/** Bits of the field control that no revision gives a meaning. */
const RESERVED_BITS = 0xfe;

type EndRequest = CommandValue<typeof upgradeEndRequest>;

/** An OTA Upgrade server: a router of the network that offers files (11.13). */
export class OtaServer implements Application {
  readonly endpoint: Endpoint;
  readonly manufacturer: number;
  readonly port: ZclPort;
  readonly #parts: ServerParts;
  readonly #blocks: BlockService;
  /** Clients that were told to wait, with what they fetched. */
  readonly #held = new Map<string, { readonly peer: Peer; readonly image: StoredImage }>();
  readonly #answered = new Set<string>();
  readonly #banned = new Set<string>();
  #dead = false;

  constructor(parts: ServerParts, node: Node) {
    const { options, behaviour } = parts;
    this.#parts = parts;
    this.port = new ZclPort(OTA_ENDPOINT, (frame) => node.send(frame));
    this.manufacturer = Number.parseInt(options.manufacturer, 16);
    this.#blocks = new BlockService(parts, this.port);
    this.endpoint = {
      endpoint: OTA_ENDPOINT,
      profile: HOME_AUTOMATION,
      device: DEVICE,
      version: 1,
      inClusters: behaviour.hidesServerCluster === true ? [BASIC_CLUSTER] : [BASIC_CLUSTER, OTA_CLUSTER],
      outClusters: [],
    };
  }

  started(): void {
    // A server only answers.
  }

  stopped(): void {
    this.#blocks.stop();
    this.#held.clear();
  }

  described(): void {
    // It asks nobody.
  }

  receive(frame: ApsFrame): void {
    if (this.#dead || frame.profile !== HOME_AUTOMATION || !this.port.takes(frame)) return;
    const incoming: Incoming = {
      from: { address: frame.source, endpoint: frame.sourceEndpoint },
      cluster: frame.cluster,
      broadcast: isBroadcast(frame),
      decoded: decodeFrame(frame.data, frame.cluster),
    };
    const { decoded } = incoming;
    if (decoded.kind === 'malformed') return this.#malformed(incoming);
    if (frame.cluster === BASIC_CLUSTER && answerGlobal(this.port, incoming, basicAttributes('OTA server', 1))) return;
    if (frame.cluster !== OTA_CLUSTER || decoded.header.direction !== direction.CLIENT_TO_SERVER) {
      const status = decoded.header.frameType === frameType.GLOBAL ? UNSUPPORTED_CLUSTER : zclStatus.UNSUP_COMMAND;
      return this.port.default(incoming, status);
    }
    this.#ota(incoming);
  }

  /** Sends the unsolicited end response to every client that was told to wait; returns their number. */
  release(): number {
    const { behaviour } = this.#parts;
    const waiting = [...this.#held.values()];
    this.#held.clear();
    if (behaviour.neverReleases === true) return waiting.length;
    for (const { peer, image } of waiting) {
      const { manufacturerCode, imageType, fileVersion } = image.header;
      const times = { currentTime: 0, upgradeTime: 0 };
      this.port.request(upgradeEndResponse, { manufacturerCode, imageType, fileVersion, ...times }, peer);
    }
    return waiting.length;
  }

  #malformed(incoming: Incoming): void {
    const { decoded } = incoming;
    const { behaviour, options, images } = this.#parts;
    if (decoded.kind !== 'malformed' || decoded.header === undefined) return;
    const [image] = images;
    if (decoded.type === queryNextImageRequest && behaviour.answersShortQuery === true && image !== undefined)
      return this.#offer(image, incoming);
    const status = options.negative === 'firstColumn' ? zclStatus.MALFORMED_COMMAND : zclStatus.INVALID_FIELD;
    this.port.default(incoming, status);
  }

  #ota(incoming: Incoming): void {
    const { options, behaviour } = this.#parts;
    const { decoded } = incoming;
    const revision = { id: clusterRevision.id, type: clusterRevision.type, content: Number(options.revision) };
    if (answerGlobal(this.port, incoming, behaviour.lacksRevision === true ? [] : [revision])) return;
    if (valueOf(defaultResponse, decoded) !== undefined) return;
    const query = valueOf(queryNextImageRequest, decoded);
    const block = valueOf(imageBlockRequest, decoded);
    const page = valueOf(imagePageRequest, decoded);
    const end = valueOf(upgradeEndRequest, decoded);
    const specific = valueOf(querySpecificFileRequest, decoded);
    const banned = this.#banned.has(keyOf(incoming.from));
    if (query !== undefined) this.#queried(query, incoming, banned);
    else if (block !== undefined) this.#blocks.asked(block, incoming);
    else if (page !== undefined && behaviour.ignoresPages === true) return;
    else if (page !== undefined && options.page === 'yes') this.#blocks.askedForPage(page, incoming);
    else if (end !== undefined) this.#ended(end, incoming);
    else if (specific !== undefined && options.specific === 'yes') this.#queriedSpecific(specific, incoming);
    else if (behaviour.serverDiesOfUnknown === true) this.#dead = true;
    else this.port.default(incoming, zclStatus.UNSUP_COMMAND);
  }

  #queried(query: CommandValue<typeof queryNextImageRequest>, incoming: Incoming, banned: boolean): void {
    const { options, behaviour, orders } = this.#parts;
    const refuse = (status: number): void => this.port.answer(queryNextImageResponse, { status }, incoming);
    if ((query.fieldControl & RESERVED_BITS) !== 0 && behaviour.refusesReservedBits === true)
      return this.port.default(incoming, zclStatus.INVALID_FIELD);
    if (!orders.authorised && behaviour.ignoresAuthorisation !== true) return refuse(zclStatus.NOT_AUTHORIZED);
    if (orders.rejects && behaviour.ignoresRejection !== true) return refuse(zclStatus.NO_IMAGE_AVAILABLE);
    const image = banned ? undefined : chooseImage(this.#parts.images, query, options, behaviour);
    if (image === undefined) return refuse(zclStatus.NO_IMAGE_AVAILABLE);
    this.#offer(image, incoming);
  }

  #offer({ header, octets }: StoredImage, incoming: Incoming): void {
    const { manufacturerCode, imageType, fileVersion } = header;
    this.#blocks.offered(incoming.from);
    const imageSize = octets.length + (this.#parts.behaviour.offersMoreOctets ?? 0);
    const offer = { status: zclStatus.SUCCESS, manufacturerCode, imageType, fileVersion, imageSize };
    this.port.answer(queryNextImageResponse, offer, incoming);
  }

  #queriedSpecific(query: CommandValue<typeof querySpecificFileRequest>, incoming: Incoming): void {
    const image = this.#parts.images.find(
      ({ header }) =>
        (header.upgradeFileDestination === query.eui64 || this.#parts.behaviour.offersToAnyEui === true) &&
        header.manufacturerCode === query.manufacturerCode &&
        header.imageType === query.imageType &&
        [header.fileVersion, wildCard.FILE_VERSION].includes(query.fileVersion) &&
        header.stackVersion === query.zigbeeStackVersion,
    );
    if (image === undefined)
      return this.port.answer(querySpecificFileResponse, { status: zclStatus.NO_IMAGE_AVAILABLE }, incoming);
    const { manufacturerCode, imageType, fileVersion } = image.header;
    this.#blocks.offered(incoming.from);
    const imageSize = image.octets.length + (this.#parts.behaviour.addsToSpecificSize ?? 0);
    const offer = { manufacturerCode, imageType, fileVersion, imageSize };
    this.port.answer(querySpecificFileResponse, { status: zclStatus.SUCCESS, ...offer }, incoming);
  }

  #ended(end: EndRequest, incoming: Incoming): void {
    const { behaviour, images, orders } = this.#parts;
    const key = keyOf(incoming.from);
    const { manufacturerCode, imageType, fileVersion } = end;
    if (manufacturerCode === undefined || imageType === undefined || fileVersion === undefined)
      return this.port.default(
        incoming,
        behaviour.refusesShortEnd === true ? zclStatus.MALFORMED_COMMAND : zclStatus.SUCCESS,
      );
    const image =
      imageOf(images, { manufacturerCode, imageType, fileVersion }) ??
      (behaviour.releasesAnyFile === true ? images[0] : undefined);
    if (end.status === zclStatus.ABORT && behaviour.bansAfterAbort === true) this.#banned.add(key);
    if (end.status !== zclStatus.SUCCESS && behaviour.releases?.includes(end.status) !== true) {
      this.#held.delete(key);
      return this.port.default(incoming, zclStatus.SUCCESS);
    }
    if (image === undefined) return this.port.default(incoming, zclStatus.NO_IMAGE_AVAILABLE);
    if (orders.cancels) return this.port.default(incoming, zclStatus.ABORT);
    if (this.#answered.has(key) && behaviour.answersEndOnce === true) return;
    this.#answered.add(key);
    const holds = orders.holds && behaviour.neverHolds !== true;
    if (holds) this.#held.set(key, { peer: incoming.from, image });
    const identity = {
      manufacturerCode,
      imageType,
      fileVersion: behaviour.endsOtherVersion === true ? fileVersion + 1 : fileVersion,
    };
    const upgradeTime = holds ? UNTIL_TOLD : (behaviour.sendsDelay ?? orders.delay);
    this.port.answer(upgradeEndResponse, { ...identity, currentTime: 0, upgradeTime }, incoming);
  }
}

/** A client by its address. */
function keyOf({ address, endpoint }: Peer): string {
  return `${address}/${endpoint}`;
}
