import 'reflect-metadata';
import { Controller, Get, Module, UseGuards, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ProblemFilter } from '@medshare/peers/nest';
import { problem } from '@medshare/problems';
import { Roles, TOKEN_VERIFIER, TokenGuard, User } from './nest.js';
import type { Principal, TokenVerifier } from './principal.js';

const mei: Principal = {
  subject: 's',
  username: 'mei',
  institution: 'harbor',
  roles: ['clinician'],
  clientId: 'c',
  expiresAt: 1,
};
const verifier: TokenVerifier = {
  verify: (token) => {
    if (token === 'good.token') return Promise.resolve(mei);
    return Promise.reject(problem(token === 'away' ? 'peer.unavailable' : 'auth.unauthenticated'));
  },
};

@Controller('wards')
@UseGuards(TokenGuard)
@Roles('clinician', 'attending')
class Wards {
  @Get('one')
  one(@User() { username }: Principal) {
    return { username };
  }
  @Get('audit')
  @Roles('regulator')
  audit() {
    return {};
  }
}
@Controller('open')
class Open {
  @Get()
  open(@User() user: Principal) {
    return user;
  }
}
@Module({ controllers: [Wards, Open], providers: [{ provide: TOKEN_VERIFIER, useValue: verifier }] })
class Hospital {}

describe('the token guard', () => {
  let app: INestApplication;
  let base: string;
  beforeAll(async () => {
    app = await NestFactory.create(Hospital, { logger: false });
    app.useGlobalFilters(new ProblemFilter());
    await app.listen(0, '127.0.0.1');
    base = await app.getUrl();
  });
  afterAll(() => app.close());

  const get = async (path: string, authorization?: string) => {
    const answer = await fetch(base + path, { headers: authorization === undefined ? {} : { authorization } });
    const { code } = (await answer.json()) as { code?: string };
    return [answer.status, code, answer.headers.get('www-authenticate')];
  };
  const bare = 'Bearer realm="medshare"';

  it('lets in who has one of the roles', async () => {
    const answer = await fetch(`${base}/wards/one`, { headers: { authorization: 'bearer good.token' } });
    expect(await answer.json()).toEqual({ username: 'mei' });
  });

  it.each([
    ['no token', undefined, bare],
    ['another scheme', 'Basic bWVpOng=', `${bare}, error="invalid_token"`],
    ['a wrong token', 'Bearer wrong', `${bare}, error="invalid_token"`],
    ['two tokens', 'Bearer good.token, Bearer good.token', `${bare}, error="invalid_token"`],
  ])('answers 401 to %s', async (_, authorization, challenge) => {
    expect(await get('/wards/one', authorization)).toEqual([401, 'auth.unauthenticated', challenge]);
  });

  it('takes no token from the address', async () => {
    expect(await get('/wards/one?access_token=good.token')).toEqual([401, 'auth.unauthenticated', bare]);
  });

  it('answers 403 to a person without the role, and 503 when nobody can tell', async () => {
    expect(await get('/wards/audit', 'Bearer good.token')).toEqual([
      403,
      'auth.forbidden',
      `${bare}, error="insufficient_scope"`,
    ]);
    expect(await get('/wards/one', 'Bearer away')).toEqual([503, 'peer.unavailable', null]);
  });

  it('gives no user where no guard stands', async () => {
    expect((await get('/open', 'Bearer good.token'))[0]).toBe(401);
  });
});
