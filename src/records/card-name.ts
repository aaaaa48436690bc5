// How people call a card by its identity. Half of a CID is the same for all cards of a model; its serial number is not.
// Source: SD Specifications Part 1, Physical Layer Simplified Specification, 5.2 "CID register" (PSN, bits 55 to 24).

const cid = /^cid:[0-9a-f]{18}([0-9a-f]{8})[0-9a-f]{6}$/i;

/** The serial number in the identity of an SD card that its own register gave, 8 hexadecimal digits. */
export const cardSerial = (card: string): string | undefined => cid.exec(card)?.[1];

/** 8 characters for a table; `selectRecords` takes them back. */
export const shortCard = (card: string): string => cardSerial(card) ?? card.slice(card.indexOf(':') + 1).slice(0, 8);
