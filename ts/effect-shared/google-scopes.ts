/** Google's scopes by short names (https://developers.google.com/identity/protocols/oauth2/scopes). */

const auth = <const Name extends string>(name: Name) =>
  `https://www.googleapis.com/auth/${name}` as const;

/** Scopes of Gmail. */
export const GmailScopes = {
  read: auth('gmail.readonly'),
  send: auth('gmail.send'),
  compose: auth('gmail.compose'),
  modify: auth('gmail.modify'),
  labels: auth('gmail.labels'),
  metadata: auth('gmail.metadata'),
  full: 'https://mail.google.com/',
} as const;

/** Scopes of Google Calendar. */
export const CalendarScopes = {
  read: auth('calendar.readonly'),
  full: auth('calendar'),
  events: auth('calendar.events'),
  eventsRead: auth('calendar.events.readonly'),
  freeBusy: auth('calendar.freebusy'),
} as const;

/** Scopes of Google Drive. */
export const DriveScopes = {
  read: auth('drive.readonly'),
  full: auth('drive'),
  file: auth('drive.file'),
  appData: auth('drive.appdata'),
  metadataRead: auth('drive.metadata.readonly'),
} as const;
