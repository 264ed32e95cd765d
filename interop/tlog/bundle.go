package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type members map[string]json.RawMessage

// A bundle is canonical JSON: its members' bytes can be taken out and put together again without a JSON writer.
func (m members) without(names ...string) []byte {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	left := map[string]bool{}
	for _, name := range names {
		left[name] = true
	}
	var out bytes.Buffer
	for _, key := range keys {
		if left[key] {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:%s", key, m[key])
	}
	return []byte("{" + out.String() + "}")
}

type bundleLog struct {
	Origin, Suite, Salt, Checkpoint string
	Index                           int64
	Entry                           json.RawMessage
	Inclusion                       struct{ Proof []string }
}

type logEntry struct {
	Kind, Form, Commitment string
	Body                   struct{ Bundle string }
}

type trustFile struct {
	Logs, Witnesses []struct{ Vkey string }
}

func checkBundles(o *outcome, trust string, files []string) error {
	var known trustFile
	text, err := os.ReadFile(trust)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &known); err != nil {
		return err
	}
	var verifiers []note.Verifier
	for _, one := range known.Logs {
		verifier, err := note.NewVerifier(one.Vkey)
		if err != nil {
			return err
		}
		verifiers = append(verifiers, verifier)
	}
	for _, file := range files {
		if err := checkBundle(o, file, verifiers); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func checkBundle(o *outcome, file string, verifiers []note.Verifier) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var whole members
	var log bundleLog
	if err := json.Unmarshal(text, &whole); err != nil {
		return err
	}
	if err := json.Unmarshal(whole["log"], &log); err != nil {
		return err
	}
	if log.Suite != "intl" {
		return fmt.Errorf("suite %s: Go has no SM2 and no SM3", log.Suite)
	}
	signed, err := checkSignatures(o, file, whole)
	if err != nil {
		return err
	}
	if err := checkCommitment(o, file, whole, log); err != nil {
		return err
	}
	opened, err := openCheckpoint(log.Checkpoint, verifiers...)
	if err != nil {
		return err
	}
	o.expect(opened.origin == log.Origin, "%s: the checkpoint is of %s", file, opened.origin)
	var proof []tlog.Hash
	for _, one := range log.Inclusion.Proof {
		hash, err := hashOf(one)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	leaf := tlog.RecordHash(log.Entry)
	o.expect(tlog.CheckRecord(proof, opened.tree.N, opened.tree.Hash, log.Index, leaf) == nil, "%s: entry %d is not in the log", file, log.Index)
	o.note("%s: %d signatures, entry %d of the first %d of %s", file, signed, log.Index, opened.tree.N, log.Origin)
	return nil
}

func checkSignatures(o *outcome, file string, whole members) (int, error) {
	var keys []struct {
		KeyId string
		Jwk   struct{ X string }
	}
	var signatures []struct{ Algorithm, KeyId, Level, Role, Signature string }
	if err := json.Unmarshal(whole["keys"], &keys); err != nil {
		return 0, err
	}
	if err := json.Unmarshal(whole["signatures"], &signatures); err != nil {
		return 0, err
	}
	points := map[string]ed25519.PublicKey{}
	for _, one := range keys {
		point, err := base64.RawURLEncoding.DecodeString(one.Jwk.X)
		if err != nil || len(point) != ed25519.PublicKeySize {
			return 0, fmt.Errorf("key %s: %v", one.KeyId, err)
		}
		points[one.KeyId] = point
		named := sha256.Sum256(append([]byte("shugu/key-id/1\x00"), point...))
		o.expect(one.KeyId == fmt.Sprintf("intl:%x", named), "%s: key id %s", file, one.KeyId)
	}
	statement := sha256.Sum256(whole.without("keys", "log", "signatures"))
	for _, one := range signatures {
		signature, err := base64.StdEncoding.DecodeString(one.Signature)
		if err != nil || points[one.KeyId] == nil {
			return 0, fmt.Errorf("signature of %s: %v", one.Role, err)
		}
		message := fmt.Sprintf("shugu/bundle/1\x00{\"signer\":{\"algorithm\":%q,\"keyId\":%q,\"level\":%q,\"role\":%q},\"statement\":\"sha256:%x\"}",
			one.Algorithm, one.KeyId, one.Level, one.Role, statement)
		o.expect(ed25519.Verify(points[one.KeyId], []byte(message), signature), "%s: signature of %s", file, one.Role)
	}
	return len(signatures), nil
}

func checkCommitment(o *outcome, file string, whole members, log bundleLog) error {
	var entry logEntry
	if err := json.Unmarshal(log.Entry, &entry); err != nil {
		return err
	}
	core := whole.without("log")
	if entry.Form == "clear" {
		o.expect(entry.Body.Bundle == fmt.Sprintf("sha256:%x", sha256.Sum256(core)), "%s: the entry names another bundle", file)
		return nil
	}
	salt, err := base64.StdEncoding.DecodeString(log.Salt)
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, salt)
	var kind string
	if err := json.Unmarshal(whole["kind"], &kind); err != nil {
		return err
	}
	fmt.Fprintf(mac, "shugu/commitment/1\x00{\"kind\":%q,\"record\":%s}", kind, core)
	o.expect(base64.StdEncoding.EncodeToString(mac.Sum(nil)) == entry.Commitment, "%s: the entry commits to something else", file)
	return nil
}
