/** How long the delivery of an application acknowledgement is tried, ms; the payload it is written from is kept for longer. */
export const replyPatience = 24 * 3_600_000;
