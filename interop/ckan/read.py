"""Reads the CKAN façade with ckanapi: read.py URL PRODUCT

Prints one JSON line for each thing looked at: {"what": …, "holds": true | false, "seen": …}.
"""

import json
import sys

import ckanapi

url, product = sys.argv[1:3]


def look(what, check):
    try:
        holds, seen = check()
    except Exception as error:  # told, not raised: the other checks still run
        holds, seen = False, repr(error)
    print(json.dumps({"what": what, "holds": bool(holds), "seen": str(seen)[:300]}), flush=True)


def raises(kind, call):
    try:
        return False, call()
    except kind as error:
        return True, error


for way, site in (
    ("POST", ckanapi.RemoteCKAN(url, user_agent="shugu-interop/1")),
    ("GET", ckanapi.RemoteCKAN(url, user_agent="shugu-interop/1", get_only=True)),
):
    action = site.action

    def say(what, check):
        look(f"{way} {what}", check)

    say("status_show", lambda: (action.status_show()["site_url"].startswith("http"), action.status_show()))
    say("site_read", lambda: (action.site_read() is True, ""))
    say("package_list", lambda: (action.package_list() == [product], action.package_list()))
    shown = action.package_show(id=product)
    say("package_show", lambda: (shown["id"] == product and shown["type"] == "dataset" and shown["state"] == "active", shown))
    say("resources", lambda: (len(shown["resources"]) == shown["num_resources"] > 0 and all(one["format"] for one in shown["resources"]), shown["resources"]))
    say("tags", lambda: (len(shown["tags"]) == shown["num_tags"], shown["tags"]))
    owner = shown["organization"]["name"]

    def search(**asked):
        return action.package_search(**asked)

    say("search for everything", lambda: (search(q="*:*")["count"] == 1, search(q="*:*")["count"]))
    say("search by title", lambda: (search(q=shown["title"][:2])["results"][0]["id"] == product, shown["title"]))
    say("search for nothing", lambda: (search(q="没有这样的数据")["count"] == 0, ""))
    say("search by organisation", lambda: (search(fq=f"organization:{owner}")["count"] == 1, owner))
    say("search by another", lambda: (search(fq="organization:nobody")["count"] == 0, ""))
    for tag in shown["tags"][:1]:
        say("search by tag", lambda: (search(fq=f'tags:"{tag["name"]}"')["count"] == 1, tag))
    say("pages", lambda: (search(rows=1, start=1)["results"] == [], ""))
    facets = search(**{"rows": 0, "facet.field": json.dumps(["organization", "tags", "res_format"])})
    say("facets", lambda: (facets["facets"]["organization"] == {owner: 1} and facets["search_facets"]["tags"]["items"], facets))
    say("organization_list", lambda: (action.organization_list() == [owner], action.organization_list()))
    say("organization_show", lambda: (action.organization_show(id=owner)["package_count"] == 1, ""))
    say("group_list", lambda: (len(action.group_list(all_fields=True)) == 1, action.group_list()))
    say("tag_list", lambda: (sorted(action.tag_list()) == sorted(tag["name"] for tag in shown["tags"]), action.tag_list()))
    say("current list", lambda: (action.current_package_list_with_resources()[0] == shown, ""))
    say("what is not there", lambda: raises(ckanapi.NotFound, lambda: action.package_show(id="nothing")))
    say("what is missing", lambda: raises(ckanapi.ValidationError, lambda: action.package_show()))
    say("a bad search", lambda: raises(ckanapi.SearchQueryError, lambda: search(sort="no_such_field desc")))
    say("no writing", lambda: raises(ckanapi.CKANAPIError, lambda: action.package_create(name="x")))
