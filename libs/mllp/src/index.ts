export { MllpClient, placeOf, type MllpAddress, type MllpTls } from './mllp-client.js';
