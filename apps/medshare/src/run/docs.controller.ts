import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import type { Response } from 'express';
import { Documented, documentedHandlers, makeDocuments } from '@medshare/openapi';
import { problem } from '@medshare/problems';
import { docsFile, docsPage } from './documentation.js';

const assets = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const types: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'swagger-ui-standalone-preset.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
};
const suffix = '.openapi.json';

/** Everything comes from here, so the page works without the internet. Swagger UI sets style attributes; scripts are files only. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>medshare API</title>
<link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/swagger-ui-standalone-preset.js"></script><script src="/docs/start.js"></script></body>
</html>
`;

/** The API's documents and a page to read and try them. */
@Controller('docs')
export class DocsController {
  private readonly documents = new Map(
    [...makeDocuments(documentedHandlers())].map(([name, document]) => [`${name}${suffix}`, JSON.stringify(document)]),
  );

  @Documented(docsPage)
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', policy)
  @Header('x-content-type-options', 'nosniff')
  page(): string {
    return page;
  }

  @Documented(docsFile)
  @Get(':file')
  async file(@Param('file') file: string, @Res() response: Response): Promise<void> {
    const found = await this.read(file);
    if (found === undefined) throw problem('request.not-found', { where: 'path.file' });
    response
      .set({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' })
      .type(found.type)
      .send(found.body);
  }

  private async read(file: string): Promise<{ type: string; body: string | Buffer } | undefined> {
    if (file === 'start.js') return { type: 'text/javascript', body: this.start() };
    const document = this.documents.get(file);
    if (document !== undefined) return { type: 'application/json', body: document };
    const type = Object.hasOwn(types, file) ? types[file] : undefined;
    return type === undefined ? undefined : { type, body: await readFile(join(assets, file)) };
  }

  private start(): string {
    const urls = [...this.documents.keys()].map((file) => ({
      name: file.slice(0, -suffix.length),
      url: `/docs/${file}`,
    }));
    const options = { urls, dom_id: '#swagger-ui', layout: 'StandaloneLayout', validatorUrl: null, deepLinking: true };
    return `SwaggerUIBundle({ ...${JSON.stringify(options)}, presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset] });\n`;
  }
}
