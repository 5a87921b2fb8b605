import type { ObserveFaults } from '../coap/observe.ts';

/**
 * The ways in which the device can be wrong. A right device has none of these; every field is read at the one place where a right
 * device does the right thing. Numbers of resources are those of object 9.
 */
export interface Behaviour {
  // Data model
  readonly unreadable?: readonly number[];
  readonly instanceUnreadable?: true;
  /** Readable though they are not, with this for a value. */
  readonly readable?: Readonly<Record<number, string>>;
  /** Writes are answered 2.04; to resource 7 and 9 they also take effect. */
  readonly writable?: readonly number[];
  readonly activationAsInteger?: true;
  readonly stateShift?: number;
  /** Results reported instead of others. */
  readonly results?: Readonly<Record<number, number>>;
  /** Last of several instances is not registered. */
  readonly unlistedLast?: true;
  readonly announcedVersion?: string;
  readonly discoverOmits?: number;
  readonly discoverAdds?: number;
  readonly executable?: readonly number[];
  /** Code for what does not exist. */
  readonly unknownCode?: string;
  readonly anyAcceptAsText?: true;
  readonly anyFormatAsOpaque?: true;
  readonly treeLengthOff?: number;
  readonly danglingComponentLink?: true;
  readonly losesCompositeWrite?: true;
  /** Observations of several resources notify nothing. */
  readonly compositeUnnotified?: true;
  readonly hidesComponents?: true;
  /** Objects that software has brought are never registered. */
  readonly hidesBroughtObjects?: true;
  /** Resources of object 14 that cannot be read. */
  readonly componentUnreadable?: readonly number[];
  /** Added to integers in plain text. */
  readonly textOff?: number;
  readonly emptyVersionAfterInstall?: true;
  readonly keepsNameAndVersion?: true;

  // Push
  readonly keepsOldResult?: true;
  readonly jumpsToInstalled?: true;
  readonly neverChecks?: true;
  readonly uncheckedPush?: true;
  readonly uncheckedPull?: true;
  readonly takesSecondPackage?: true;
  readonly acceptsGap?: true;
  readonly appendsRepeated?: true;
  readonly refusesRepeated?: true;
  readonly deliversEmpty?: true;
  readonly largestSzx?: number;
  readonly storesTlvHeader?: true;
  /** Too large a package ends in this state and result. */
  readonly tooLarge?: { readonly state: number; readonly result: number };
  readonly startsInMiddle?: true;
  readonly noRestart?: true;
  readonly neverGivesUp?: true;
  /** Answer to other requests during a block-wise push. */
  readonly busyCode?: string;
  readonly refusesAfterFailure?: true;
  readonly deliveredResult?: number;
  readonly losesWithoutFormat?: true;
  readonly leaksAfter?: number;

  // Pull
  readonly ignoresUri?: 'all' | 'notCoap';
  /** Failed pulls that leave DOWNLOAD STARTED for ever. */
  readonly pullSticks?: 'always' | 'unreachable';
  readonly invalidUriResult?: number;
  readonly unknownHostResult?: number;
  readonly invisiblePull?: true;
  readonly storesErrorPage?: true;
  readonly joinsVersions?: true;
  readonly givesUpAtOnce?: true;
  readonly uriCut?: number;
  readonly uriMax?: number;
  readonly sendsNoCredentials?: true;
  readonly pullBlockedAfterPush?: true;
  readonly secondBreaksFirst?: true;

  // Execute
  /** States in which Install runs besides DELIVERED. */
  readonly installIn?: readonly number[];
  readonly installAfterUninstall?: true;
  readonly installWithoutEffect?: true;
  readonly installActivates?: true;
  readonly failedInstallState?: number;
  readonly failedInstallResult?: number;
  readonly losesFailedPackage?: true;
  readonly losesResultAtReboot?: true;
  /** Executes of these resources run again when their message is repeated. */
  readonly repeats?: readonly number[];
  readonly uninstallRefusesArgument?: true;
  readonly forUpdateForgets?: true;
  readonly uninstallKeepsResult?: true;
  readonly uninstallKeepsActivation?: true;
  readonly uninstallWithoutEffect?: true;
  readonly uninstallResult?: number;
  /** States in which Uninstall leads to DELIVERED. */
  readonly uninstallDeliversIn?: readonly number[];
  readonly forUpdateDeliveredInstalls?: true;
  readonly failedUninstallRemoves?: true;
  /** The device falls silent on an argument of these resources that is not a plain digit (Install: on any). */
  readonly freezesOnArgument?: number;
  /** States in which Activate works besides INSTALLED. */
  readonly activateIn?: readonly number[];
  readonly activateWithoutEffect?: true;
  readonly activateToggles?: true;
  readonly failedActivationShown?: true;
  readonly deactivateAnywhere?: true;
  readonly deactivateUninstalls?: true;
  readonly deactivateInverts?: true;
  readonly componentActivatesAll?: true;
  readonly componentInDelivered?: true;
  readonly componentsStay?: true;
  readonly droppedObjectsStay?: true;
  /** What happens to resource 8: false for ever, or an Update at once even where it is false. */
  readonly supportedObjects?: 'ignored' | 'always';

  // Life cycle
  readonly deliveredBootsInstalled?: true;
  readonly losesActivation?: true;
  readonly forgetsAtRegistration?: true;
  readonly mixesInstances?: true;
  readonly createCopies?: true;
  readonly createOverwrites?: true;
  readonly neverRegistersAgain?: true;
  /** Registers with a lifetime of its own, whatever the account says. */
  readonly ignoresAccountLifetime?: true;
  readonly refusedCreateStays?: true;
  readonly listsDeleted?: true;
  readonly deleteObjectRemovesAll?: true;

  // Reporting
  readonly noNotifications?: true;
  /** This one resource is observed and never told of. */
  readonly neverTellsOf?: number;
  readonly notObservable?: number;
  readonly notificationDiffers?: true;
  /** Notifications show what was told last instead of what is. */
  readonly notificationsLag?: true;
  readonly failuresUnnotified?: true;
  readonly instanceNotifiesStateOnly?: true;
  readonly ignoresPmin?: true;
  readonly ignoresPmax?: true;
  /** Notifies once when pmax has passed, and then for changes only. */
  readonly pmaxOnce?: true;
  /** Seconds that stand for every pmax. */
  readonly pmaxIs?: number;
  readonly hidesAttributes?: true;
  readonly observe?: ObserveFaults;

  // Messages
  readonly acknowledgesNon?: true;
  readonly acknowledgesPing?: true;
  readonly takesAnyCritical?: true;
  readonly refusesElective?: true;
}
