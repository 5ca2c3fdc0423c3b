"""The script by which Redis judges a group of uses against their limits, one after another, in one call.

Each scope is a sorted set of its uses by their instant in milliseconds. Nothing of a use is counted unless
every scope of it allows it, so that a send which one limit refuses uses up none of the others. Keys of one
name may count its uses in windows of their own: the set remembers the longest, as a member with a negative
score.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import LimitKey, Remaining

PREFIX = "{otp-limit}:"

# Both ways go as one JSON text: the client's library spends more on each argument than the script on all.
# What the group itself has counted of a key so far is the newest there is. Places are counted from 0.
_SCRIPT = """
local group = cjson.decode(ARGV[1])
local now, counted, kept = group.now, {}, {}
for i, key in ipairs(KEYS) do
  counted[i] = {}
  kept[i] = -(tonumber(redis.call('ZSCORE', key, 'kept')) or 0)
end

local scopes = {}
for i, told in ipairs(group.scopes) do
  local scope = {key = told[1] + 1, kept = told[2], rates = {}}
  for n, rate in ipairs(told[3]) do
    local used = redis.call('ZCOUNT', KEYS[scope.key], '(' .. (now - rate[2]), '+inf')
    scope.rates[n] = {count = rate[1], window = rate[2], used = used}
  end
  scopes[i] = scope
end

local function free_at(scope, rate)
  local newer = #counted[scope.key]
  if rate.count <= newer then return now + rate.window end
  local place = rate.count - newer - 1
  local last = redis.call('ZREVRANGE', KEYS[scope.key], place, place, 'WITHSCORES')
  return tonumber(last[2]) + rate.window
end

local answers = {}
for i, use in ipairs(group.uses) do
  local left, refused = {}, nil
  for place, own in ipairs(use[2]) do
    local scope = scopes[own + 1]
    for n, rate in ipairs(scope.rates) do
      local used = rate.used + #counted[scope.key]
      left[#left + 1] = rate.count - used - 1
      if used >= rate.count then
        local retry = free_at(scope, rate)
        if not refused or retry > refused[3] then refused = {place - 1, n - 1, retry} end
      end
    end
  end
  answers[i] = refused and {0, refused} or {1, left}
  if not refused then
    for _, own in ipairs(use[2]) do
      local scope = scopes[own + 1]
      table.insert(counted[scope.key], use[1])
      kept[scope.key] = math.max(kept[scope.key], scope.kept)
    end
  end
end

for i, key in ipairs(KEYS) do
  if #counted[i] > 0 then
    local members = {-kept[i], 'kept'}
    for _, name in ipairs(counted[i]) do
      members[#members + 1] = now
      members[#members + 1] = name
    end
    redis.call('ZREMRANGEBYSCORE', key, 0, now - kept[i])
    redis.call('ZADD', key, unpack(members))
    redis.call('PEXPIRE', key, kept[i])
  end
end
return cjson.encode(answers)
"""
# Redis names a script by its SHA-1.
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Hit:
    """One use, by its name, of what scopes limit."""

    name: str
    scopes: Sequence[LimitKey]
    now: datetime


Judged = list[Remaining] | RateLimitExceededError
"""What the limits leave after a use that is counted, or why it is not."""


def judge(redis: Redis, uses: Sequence[Hit]) -> list[Judged]:
    """Count uses, one after another, at the latest of their instants. Raises RedisError: none is counted."""
    keys, group = _told(uses)
    try:
        answered: Any = redis.evalsha(_SHA, len(keys), *keys, group)
    except NoScriptError:
        # Redis forgets its scripts when it starts anew.
        answered = redis.eval(_SCRIPT, len(keys), *keys, group)
    return [_judged(use, answer) for use, answer in zip(uses, json.loads(answered), strict=True)]


def _told(uses: Sequence[Hit]) -> tuple[list[str], str]:
    """The script's keys, and its argument: what many uses share is told once."""
    keys: dict[str, int] = {}
    places: dict[tuple[str, int, int], int] = {}
    scopes: list[tuple[int, int, list[tuple[int, int]]]] = []
    named: list[tuple[str, list[int]]] = []
    for use in uses:
        own = []
        for scope in use.scopes:
            # Rates are few objects that live on; to compare them would cost more than to tell them twice.
            same = scope.key, id(scope.rates), id(scope.default_rates)
            place = places.setdefault(same, len(places))
            own.append(place)
            if place == len(scopes):
                key = keys.setdefault(PREFIX + scope.key, len(keys))
                rates = [(rate.count, rate.seconds * 1000) for rate in scope.rates]
                scopes.append((key, scope.kept_seconds * 1000, rates))
        named.append((use.name, own))
    now = round(max(use.now for use in uses).timestamp() * 1000)
    return list(keys), json.dumps({"now": now, "scopes": scopes, "uses": named})


def _judged(use: Hit, answer: Any) -> Judged:
    counted, told = answer
    if not counted:
        scope = use.scopes[told[0]]
        rate = scope.rates[told[1]]
        retry_at = datetime.fromtimestamp(told[2] / 1000, UTC)
        return RateLimitExceededError(scope.limit, rate.count, rate.seconds, retry_at, scope.bucket)
    rates = [(scope, rate.seconds) for scope in use.scopes for rate in scope.rates]
    return [
        Remaining(scope.limit, seconds, left, scope.bucket)
        for (scope, seconds), left in zip(rates, told, strict=True)
    ]
