package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// What the exchange says of its own log: proofs that it handed out, and checkpoints that it signed before.
type expected struct {
	Inclusion []struct {
		Position int64
		Size     int64
		Entry    []byte
		Proof    [][]byte
	}
	Consistency []struct {
		From, To int64
		Proof    [][]byte
	}
	Checkpoints []string
}

type checkpoint struct {
	origin string
	tree   tlog.Tree
}

// C2SP tlog-checkpoint: origin, size, root in base64, each on its line. tlog.ParseTree wants the form of the Go
// checksum database, whose first line is fixed.
func openCheckpoint(text string, verifiers ...note.Verifier) (checkpoint, error) {
	opened, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	if err != nil {
		return checkpoint{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 {
		return checkpoint{}, fmt.Errorf("the checkpoint has %d lines", len(lines))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return checkpoint{}, err
	}
	root, err := hashOf(lines[2])
	return checkpoint{lines[0], tlog.Tree{N: size, Hash: root}}, err
}

func hashOf(text string) (hash tlog.Hash, err error) {
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err == nil && len(bytes) != tlog.HashSize {
		err = fmt.Errorf("a hash of %d bytes", len(bytes))
	}
	copy(hash[:], bytes)
	return hash, err
}

func hashes(given [][]byte) []tlog.Hash {
	all := make([]tlog.Hash, len(given))
	for i, bytes := range given {
		copy(all[i][:], bytes)
	}
	return all
}

var client = http.Client{Timeout: 10 * time.Second}

func get(address string) ([]byte, error) {
	response, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", address, response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, 1<<25))
}

// A tile is 256 hashes wide. Go names its height in the path, C2SP does not.
const tileHeight = 8

// Full tiles never change, and partial ones not under their own path, so each is fetched once.
type tiles struct {
	url  string
	kept map[string][]byte
}

func (t tiles) read(tile tlog.Tile) ([]byte, error) {
	path := t.path(tile)
	if bytes, found := t.kept[path]; found {
		return bytes, nil
	}
	bytes, err := get(t.url + "/log/" + path)
	if err == nil {
		t.kept[path] = bytes
	}
	return bytes, err
}

func (t tiles) Height() int                     { return tileHeight }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) path(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		bytes, err := t.read(tile)
		if err != nil {
			return nil, err
		}
		all = append(all, bytes)
	}
	return all, nil
}

// An entry bundle: entries one after another, each with its length in two bytes before it.
func (t tiles) entry(size, index int64) ([]byte, error) {
	tile := tlog.Tile{H: tileHeight, L: -1, N: index >> tileHeight, W: 1 << tileHeight}
	if rest := size - tile.N<<tileHeight; rest < int64(tile.W) {
		tile.W = int(rest)
	}
	bytes, err := t.read(tile)
	if err != nil {
		return nil, err
	}
	for skip := index & (1<<tileHeight - 1); ; skip-- {
		if len(bytes) < 2 || len(bytes) < 2+int(binary.BigEndian.Uint16(bytes)) {
			return nil, fmt.Errorf("%s ends before entry %d", t.path(tile), index)
		}
		length := int(binary.BigEndian.Uint16(bytes))
		if skip == 0 {
			return bytes[2 : 2+length], nil
		}
		bytes = bytes[2+length:]
	}
}

func checkLog(o *outcome, url, vkey, file string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	text, err := get(url + "/log/checkpoint")
	if err != nil {
		return err
	}
	latest, err := openCheckpoint(string(text), verifier)
	if err != nil {
		return err
	}
	var given expected
	bytes, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(bytes, &given); err != nil {
		return err
	}
	o.expect(latest.origin == verifier.Name(), "the checkpoint is of %s", latest.origin)
	source := tiles{url, map[string][]byte{}}
	reader := tlog.TileHashReader(latest.tree, source)
	if err := checkEntries(o, source, latest, reader); err != nil {
		return err
	}
	checkProofs(o, given, latest, reader)
	return checkHistory(o, given, verifier, latest, reader)
}

// Every entry is read from its bundle, hashed, and proved from the tiles.
func checkEntries(o *outcome, source tiles, latest checkpoint, reader tlog.HashReader) error {
	for index := int64(0); index < latest.tree.N; index++ {
		entry, err := source.entry(latest.tree.N, index)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(latest.tree.N, index, reader)
		if err != nil {
			return err
		}
		hash := tlog.RecordHash(entry)
		o.expect(tlog.CheckRecord(proof, latest.tree.N, latest.tree.Hash, index, hash) == nil, "entry %d by its tiles", index)
	}
	o.note("%s: %d entries, each read from its bundle and proved from the tiles", latest.origin, latest.tree.N)
	return nil
}

func checkProofs(o *outcome, given expected, latest checkpoint, reader tlog.HashReader) {
	for _, one := range given.Inclusion {
		hash := tlog.RecordHash(one.Entry)
		proof := hashes(one.Proof)
		o.expect(one.Size == latest.tree.N, "proof of %d is of size %d", one.Position, one.Size)
		o.expect(tlog.CheckRecord(proof, one.Size, latest.tree.Hash, one.Position, hash) == nil, "our inclusion proof of %d", one.Position)
		own, err := tlog.ProveRecord(one.Size, one.Position, reader)
		o.expect(err == nil && fmt.Sprint(own) == fmt.Sprint(proof), "Go proves %d in another way", one.Position)
		proof[len(proof)/2][0] ^= 1
		o.expect(tlog.CheckRecord(proof, one.Size, latest.tree.Hash, one.Position, hash) != nil, "a wrong proof of %d was accepted", one.Position)
	}
	o.note("%d inclusion proofs of ours hold, and fail when one bit is changed", len(given.Inclusion))
}

func checkHistory(o *outcome, given expected, verifier note.Verifier, latest checkpoint, reader tlog.HashReader) error {
	before := map[int64]tlog.Hash{latest.tree.N: latest.tree.Hash}
	for _, text := range given.Checkpoints {
		old, err := openCheckpoint(text, verifier)
		if err != nil {
			return err
		}
		before[old.tree.N] = old.tree.Hash
		proof, err := tlog.ProveTree(latest.tree.N, old.tree.N, reader)
		if err != nil {
			return err
		}
		err = tlog.CheckTree(proof, latest.tree.N, latest.tree.Hash, old.tree.N, old.tree.Hash)
		o.expect(err == nil, "the log does not extend its checkpoint of %d", old.tree.N)
	}
	for _, one := range given.Consistency {
		proof := hashes(one.Proof)
		o.expect(tlog.CheckTree(proof, one.To, before[one.To], one.From, before[one.From]) == nil, "our consistency proof %d to %d", one.From, one.To)
		proof[0][0] ^= 1
		o.expect(tlog.CheckTree(proof, one.To, before[one.To], one.From, before[one.From]) != nil, "a wrong consistency proof %d to %d was accepted", one.From, one.To)
	}
	o.note("%d earlier checkpoints are extended, %d consistency proofs of ours hold", len(given.Checkpoints), len(given.Consistency))
	return nil
}
