// Package schema holds what the tests save: a blog small enough to read.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
)

// Author writes posts. The foreign key is a field of Post, so that a rule finds
// it in the row.
type Author struct{ ent.Schema }

// Fields of an author.
func (Author) Fields() []ent.Field {
	return []ent.Field{field.String("name")}
}

// Edges of an author.
func (Author) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("posts", Post.Type),
		edge.From("liked", Post.Type).Ref("fans").Through("likes", Like.Type),
	}
}

// Post has a URL that may change, its slug.
type Post struct{ ent.Schema }

// Fields of a post.
func (Post) Fields() []ent.Field {
	return []ent.Field{
		field.String("slug").Unique(),
		field.String("title").Default(""),
		field.Int("author_id").Optional(),
	}
}

// Edges of a post.
func (Post) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("author", Author.Type).Ref("posts").Field("author_id").Unique(),
		edge.To("tags", Tag.Type),
		edge.To("fans", Author.Type).Through("likes", Like.Type),
	}
}

// Tag is many to many with posts.
type Tag struct{ ent.Schema }

// Fields of a tag.
func (Tag) Fields() []ent.Field {
	return []ent.Field{field.String("name")}
}

// Edges of a tag.
func (Tag) Edges() []ent.Edge {
	return []ent.Edge{edge.From("posts", Post.Type).Ref("tags")}
}

// Like has a key of two columns: no ID.
type Like struct{ ent.Schema }

// Annotations of a like.
func (Like) Annotations() []schema.Annotation {
	return []schema.Annotation{field.ID("post_id", "author_id")}
}

// Fields of a like.
func (Like) Fields() []ent.Field {
	return []ent.Field{field.Int("post_id"), field.Int("author_id"), field.Int("stars").Default(1)}
}

// Edges of a like.
func (Like) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("post", Post.Type).Unique().Required().Field("post_id"),
		edge.To("author", Author.Type).Unique().Required().Field("author_id"),
	}
}
